/**
 * A guest program that does nothing but system calls, as a static ELF file for x86_64: header, one segment, 24 bytes of code. It is put into
 * the guest by a second archive behind the initramfs [Linux Documentation/driver-api/early-userspace/buffer-format.rst].
 */
import { CpioArchive } from '../apps/cli/src/image/cpio.ts';

export const CALLS = 200_000;

const HEADERS = 64 + 56;
const BASE = 0x40_0000;

/** Calls getppid `calls` times and exits with 0. */
function program(calls: number): Uint8Array {
  const code = Uint8Array.of(
    ...[0xbb, ...dword(calls)], //                mov ebx, calls
    ...[0xb8, ...dword(110), 0x0f, 0x05], // next: mov eax, 110 (getppid); syscall
    ...[0xff, 0xcb, 0x75, 0xf5], //               dec ebx; jnz next
    ...[0xb8, ...dword(60), 0x31, 0xff, 0x0f, 0x05], // mov eax, 60 (exit); xor edi, edi; syscall
  );
  const bytes = new Uint8Array(HEADERS + code.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELFCLASS64, little-endian
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 62, true); // EM_X86_64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(BASE + HEADERS), true); // e_entry
  view.setBigUint64(32, 64n, true); // e_phoff
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 5, true); // readable, executable
  view.setBigUint64(80, BigInt(BASE), true);
  view.setBigUint64(88, BigInt(BASE), true);
  view.setBigUint64(96, BigInt(bytes.length), true);
  view.setBigUint64(104, BigInt(bytes.length), true);
  view.setBigUint64(112, 0x1000n, true);
  bytes.set(code, HEADERS);
  return bytes;
}

const dword = (value: number): readonly number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];

/** An initramfs with `/bench/system-calls` added. */
export function withSystemCalls(initramfs: Uint8Array): Uint8Array {
  const more = new CpioArchive().directory('bench').file('bench/system-calls', program(CALLS), 0o755).toBytes();
  const both = new Uint8Array(initramfs.length + more.length);
  both.set(initramfs);
  both.set(more, initramfs.length);
  return both;
}
