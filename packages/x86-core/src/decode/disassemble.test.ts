/** How decoded instructions are written, held against GNU objdump -M intel. Vectors and x87 are in disassemble-vector.test.ts. */
import { describe, expect, it } from 'vitest';
import { dataText, disassemble } from './disassemble.ts';
import { ADDRESS, type Bits, decoded, differences } from './testing-disassembly.ts';

/** One of each mnemonic of general registers and of the system, 64-bit code. */
const GENERAL = `
  00 c1 | add cl, al
  08 44 24 10 | or byte ptr [rsp+0x10], al
  10 05 10 20 30 40 | adc byte ptr [rip+0x40302010], al # 0x40303016
  18 83 10 20 30 40 | sbb byte ptr [rbx+0x40302010], al
  20 03 | and byte ptr [rbx], al
  28 c1 | sub cl, al
  30 44 24 10 | xor byte ptr [rsp+0x10], al
  38 05 10 20 30 40 | cmp byte ptr [rip+0x40302010], al # 0x40303016
  50 | push rax
  58 | pop rax
  63 c1 | movsxd eax, ecx
  69 44 24 10 20 30 40 50 | imul eax, dword ptr [rsp+0x10], 0x50403020
  6c | insb
  6d | insd
  6e | outsb
  6f | outsd
  70 44 | jo 0x1046
  84 05 10 20 30 40 | test byte ptr [rip+0x40302010], al # 0x40303016
  86 83 10 20 30 40 | xchg byte ptr [rbx+0x40302010], al
  88 03 | mov byte ptr [rbx], al
  8d 44 24 10 | lea eax, [rsp+0x10]
  90 | nop
  f3 90 | pause
  98 | cwde
  48 98 | cdqe
  99 | cdq
  48 99 | cqo
  9b | fwait
  9c | pushfq
  9d | popfq
  9e | sahf
  9f | lahf
  a4 | movsb
  a5 | movsd
  48 a5 | movsq
  a6 | cmpsb
  a7 | cmpsd
  48 a7 | cmpsq
  aa | stosb
  ab | stosd
  48 ab | stosq
  ac | lodsb
  ad | lodsd
  48 ad | lodsq
  ae | scasb
  af | scasd
  48 af | scasq
  c0 05 10 20 30 40 50 | rol byte ptr [rip+0x40302010], 0x50 # 0x40303017
  c0 8b 10 20 30 40 50 | ror byte ptr [rbx+0x40302010], 0x50
  c0 13 10 | rcl byte ptr [rbx], 0x10
  c0 d9 10 | rcr cl, 0x10
  c0 64 24 10 20 | shl byte ptr [rsp+0x10], 0x20
  c0 2d 10 20 30 40 50 | shr byte ptr [rip+0x40302010], 0x50 # 0x40303017
  c0 bb 10 20 30 40 50 | sar byte ptr [rbx+0x40302010], 0x50
  c2 03 10 | ret 0x1003
  c8 c1 10 20 | enter 0x10c1, 0x20
  c9 | leave
  ca 05 10 | retf 0x1005
  cc | int3
  cd 03 | int 0x3
  cf | iretd
  48 cf | iretq
  d7 | xlat
  e0 83 | loopne 0xf85
  e1 03 | loope 0x1005
  e2 c1 | loop 0xfc3
  e3 44 | jrcxz 0x1046
  e4 05 | in al, 0x5
  e6 83 | out 0x83, al
  e8 03 10 20 30 | call 0x30202008
  e9 c1 10 20 30 | jmp 0x302020c6
  f1 | int1
  f4 | hlt
  f5 | cmc
  f6 13 | not byte ptr [rbx]
  f6 d9 | neg cl
  f6 64 24 10 | mul byte ptr [rsp+0x10]
  f6 35 10 20 30 40 | div byte ptr [rip+0x40302010] # 0x40303016
  f6 bb 10 20 30 40 | idiv byte ptr [rbx+0x40302010]
  f8 | clc
  f9 | stc
  fa | cli
  fb | sti
  fc | cld
  fd | std
  fe c1 | inc cl
  fe 4c 24 10 | dec byte ptr [rsp+0x10]
  0f 00 05 10 20 30 40 | sldt word ptr [rip+0x40302010] # 0x40303017
  0f 00 8b 10 20 30 40 | str word ptr [rbx+0x40302010]
  0f 00 13 | lldt word ptr [rbx]
  0f 00 d9 | ltr cx
  0f 00 64 24 10 | verr word ptr [rsp+0x10]
  0f 00 2d 10 20 30 40 | verw word ptr [rip+0x40302010] # 0x40303017
  0f 01 83 10 20 30 40 | sgdt [rbx+0x40302010]
  0f 01 0b | sidt [rbx]
  0f 01 54 24 10 | lgdt [rsp+0x10]
  0f 01 5c 24 10 | lidt [rsp+0x10]
  0f 01 25 10 20 30 40 | smsw word ptr [rip+0x40302010] # 0x40303017
  0f 01 b3 10 20 30 40 | lmsw word ptr [rbx+0x40302010]
  0f 01 3b | invlpg byte ptr [rbx]
  0f 01 c1 | vmcall
  0f 01 d9 | vmmcall
  48 0f 01 f9 | rdtscp
  0f 02 44 24 10 | lar eax, word ptr [rsp+0x10]
  0f 03 05 10 20 30 40 | lsl eax, word ptr [rip+0x40302010] # 0x40303017
  0f 05 | syscall
  0f 06 | clts
  0f 07 | sysret
  48 0f 07 | sysretq
  0f 08 | invd
  0f 09 | wbinvd
  0f 0b | ud2
  0f 0d 44 24 10 | prefetch byte ptr [rsp+0x10]
  0f 0d 4c 24 10 | prefetchw byte ptr [rsp+0x10]
  0f 18 05 10 20 30 40 | prefetchnta byte ptr [rip+0x40302010] # 0x40303017
  0f 18 8b 10 20 30 40 | prefetcht0 byte ptr [rbx+0x40302010]
  0f 18 13 | prefetcht1 byte ptr [rbx]
  0f 18 5c 24 10 | prefetcht2 byte ptr [rsp+0x10]
  0f 30 | wrmsr
  0f 31 | rdtsc
  0f 32 | rdmsr
  0f 33 | rdpmc
  0f 34 | sysenter
  0f 35 | sysexit
  48 0f 35 | sysexitq
  0f 38 f1 10 | movbe dword ptr [rax], edx
  0f 40 03 | cmovo eax, dword ptr [rbx]
  0f 90 c1 | seto cl
  0f a2 | cpuid
  0f a3 05 10 20 30 40 | bt dword ptr [rip+0x40302010], eax # 0x40303017
  0f a4 83 10 20 30 40 50 | shld dword ptr [rbx+0x40302010], eax, 0x50
  0f ab 03 | bts dword ptr [rbx], eax
  0f ac c1 10 | shrd ecx, eax, 0x10
  0f ae 44 24 10 | fxsave [rsp+0x10]
  0f ae 0d 10 20 30 40 | fxrstor [rip+0x40302010] # 0x40303017
  0f ae 93 10 20 30 40 | ldmxcsr dword ptr [rbx+0x40302010]
  0f ae 1b | stmxcsr dword ptr [rbx]
  0f ae e9 | lfence
  0f ae f1 | mfence
  0f ae 3d 10 20 30 40 | clflush byte ptr [rip+0x40302010] # 0x40303017
  0f ae f9 | sfence
  0f b0 03 | cmpxchg byte ptr [rbx], al
  0f b2 44 24 10 | lss eax, fword ptr [rsp+0x10]
  0f b3 44 24 10 | btr dword ptr [rsp+0x10], eax
  0f b4 05 10 20 30 40 | lfs eax, fword ptr [rip+0x40302010] # 0x40303017
  0f b5 83 10 20 30 40 | lgs eax, fword ptr [rbx+0x40302010]
  0f b6 03 | movzx eax, byte ptr [rbx]
  f3 0f b8 c1 | popcnt eax, ecx
  0f b9 44 24 10 | ud1 eax, dword ptr [rsp+0x10]
  0f ba 3d 10 20 30 40 50 | btc dword ptr [rip+0x40302010], 0x50 # 0x40303018
  0f bc 83 10 20 30 40 | bsf eax, dword ptr [rbx+0x40302010]
  f3 0f bc 03 | tzcnt eax, dword ptr [rbx]
  0f bd c1 | bsr eax, ecx
  f3 0f bd 44 24 10 | lzcnt eax, dword ptr [rsp+0x10]
  0f be 05 10 20 30 40 | movsx eax, byte ptr [rip+0x40302010] # 0x40303017
  0f c0 83 10 20 30 40 | xadd byte ptr [rbx+0x40302010], al
  0f c3 03 | movnti dword ptr [rbx], eax
  0f c7 4c 24 10 | cmpxchg8b qword ptr [rsp+0x10]
  48 0f c7 4c 24 10 | cmpxchg16b xmmword ptr [rsp+0x10]
  0f c8 | bswap eax
  0f ff 83 10 20 30 40 | ud0 eax, dword ptr [rbx+0x40302010]
`;

/** Addresses, registers, sizes, prefixes, targets; 64-bit code. */
const FORMS_64 = `
  48 89 e5 | mov rbp, rsp
  8b 45 f8 | mov eax, dword ptr [rbp-0x8]
  48 8b 00 | mov rax, qword ptr [rax]
  8a 04 24 | mov al, byte ptr [rsp]
  44 8a 4c 24 80 | mov r9b, byte ptr [rsp-0x80]
  66 89 54 48 10 | mov word ptr [rax+rcx*2+0x10], dx
  46 8b 2c a3 | mov r13d, dword ptr [rbx+r12*4]
  4c 8b 04 ed 10 00 00 00 | mov r8, qword ptr [rbp*8+0x10]
  8b 04 25 00 10 60 ff | mov eax, dword ptr [0xffffffffff601000]
  64 48 8b 04 25 28 00 00 00 | mov rax, qword ptr fs:[0x28]
  65 48 8b 0c 25 00 00 00 00 | mov rcx, qword ptr gs:[0x0]
  64 8b 45 00 | mov eax, dword ptr fs:[rbp]
  48 8d 3d f9 ff ff ff | lea rdi, [rip-0x7] # 0x1000
  8b 05 00 00 00 00 | mov eax, dword ptr [rip] # 0x1006
  67 8b 45 fc | mov eax, dword ptr [ebp-0x4]
  67 8b 05 10 00 00 00 | mov eax, dword ptr [eip+0x10] # 0x1017
  a0 08 07 06 05 04 03 02 01 | mov al, byte ptr [0x102030405060708]
  67 a1 04 03 02 01 | addr32 mov eax, dword ptr [0x1020304]
  88 e5 | mov ch, ah
  40 88 e5 | mov bpl, spl
  41 b7 01 | mov r15b, 0x1
  66 41 bc 34 12 | mov r12w, 0x1234
  48 b8 08 07 06 05 04 03 02 01 | mov rax, 0x102030405060708
  48 c7 c0 ff ff ff ff | mov rax, 0xffffffffffffffff
  48 83 ec 80 | sub rsp, 0xffffffffffffff80
  83 c8 ff | or eax, 0xffffffff
  d1 e8 | shr eax, 1
  d3 e8 | shr eax, cl
  8e d8 | mov ds, ax
  8c c8 | mov eax, cs
  0f 20 d8 | mov rax, cr3
  44 0f 22 c0 | mov cr8, rax
  0f 23 f8 | mov dr7, rax
  0f a0 | push fs
  0f a9 | pop gs
  6a ff | push 0xffffffffffffffff
  66 68 34 12 | data16 push 0x1234
  ff 34 24 | push qword ptr [rsp]
  8f 44 24 08 | pop qword ptr [rsp+0x8]
  8f 04 24 | pop qword ptr [rsp]
  ff e0 | jmp rax
  ff 25 02 00 00 00 | jmp qword ptr [rip+0x2] # 0x1008
  ff 14 c5 00 00 00 00 | call qword ptr [rax*8]
  ff 2b | jmp fword ptr [rbx]
  48 ff 1b | call tbyte ptr [rbx]
  eb fe | jmp 0x1000
  0f 84 fa ef ff ff | jz 0x0
  74 80 | jz 0xf82
  e8 fb ef ff ff | call 0x0
  e8 f6 ef ff ff | call 0xfffffffffffffffb
  67 e3 00 | jecxz 0x1003
  67 e2 fd | addr32 loop 0x1000
  c3 | ret
  f3 c3 | ret
  66 c3 | ret
  66 cb | data16 retf
  f0 48 0f b1 0f | lock cmpxchg qword ptr [rdi], rcx
  f0 83 04 24 01 | lock add dword ptr [rsp], 0x1
  87 07 | xchg dword ptr [rdi], eax
  49 90 | xchg r8, rax
  66 90 | nop
  0f 1f 44 00 00 | nop dword ptr [rax+rax*1]
  66 2e 0f 1f 84 00 00 00 00 00 | nop word ptr [rax+rax*1]
  f3 0f 1e fa | endbr64
  f3 0f 1e fb | endbr32
  f3 a4 | rep movsb
  f3 48 ab | rep stosq
  f3 a6 | rep cmpsb
  f2 ae | repne scasb
  f3 66 a5 | rep movsw
  65 a4 | gs movsb
  67 f3 aa | rep addr32 stosb
  ed | in eax, dx
  e7 80 | out 0x80, eax
  48 63 c8 | movsxd rcx, eax
  66 98 | cbw
  66 99 | cwd
  66 cf | iret
  66 9c | pushf
  df e0 | fnstsw ax
  66 48 0f 6e c8 | movd xmm1, rax
  66 44 0f 6f 04 24 | movdqa xmm8, xmmword ptr [rsp]
  f2 0f 10 05 00 00 00 00 | movsd xmm0, qword ptr [rip] # 0x1008
  0f 01 f8 | swapgs
`;

const FORMS_32 = `
  06 | push es
  1f | pop ds
  0f a1 | pop fs
  27 | daa
  37 | aaa
  40 | inc eax
  66 4f | dec di
  60 | pushad
  66 61 | popa
  62 08 | bound ecx, [eax]
  63 c8 | arpl ax, cx
  c4 03 | les eax, fword ptr [ebx]
  66 c5 03 | lds ax, dword ptr [ebx]
  9a 78 56 34 12 23 00 | call 0x23:0x12345678
  66 ea 34 12 08 00 | data16 jmp 0x8:0x1234
  a1 14 00 00 00 | mov eax, dword ptr [0x14]
  65 a1 14 00 00 00 | mov eax, dword ptr gs:[0x14]
  8b 44 9d 00 | mov eax, dword ptr [ebp+ebx*4]
  3e 8b 45 00 | mov eax, dword ptr ds:[ebp]
  36 8b 04 24 | mov eax, dword ptr [esp]
  67 8b 40 fe | mov eax, dword ptr [bx+si-0x2]
  67 8b 06 34 12 | addr16 mov eax, dword ptr [0x1234]
  66 9c | pushf
  9c | pushfd
  cf | iretd
  66 c3 | data16 ret
  66 e8 fc ff | data16 call 0x1000
  66 74 10 | data16 jz 0x1013
  66 06 | data16 push es
  66 c9 | data16 leave
  66 d9 20 | data16 fldenv [eax]
  ce | into
  d4 0a | aam 0xa
  d5 0a | aad 0xa
  d6 | salc
  0f c7 0f | cmpxchg8b qword ptr [edi]
  2e ff 24 85 00 10 00 00 | jmp dword ptr cs:[eax*4+0x1000]
  f3 64 67 a5 | rep fs addr16 movsd
  0f 20 c0 | mov eax, cr0
`;

const FORMS_16 = `
  8b 00 | mov ax, word ptr [bx+si]
  8b 43 80 | mov ax, word ptr [bp+di-0x80]
  8b 46 00 | mov ax, word ptr [bp]
  8b 97 34 12 | mov dx, word ptr [bx+0x1234]
  8b 1e 34 12 | mov bx, word ptr [0x1234]
  26 8a 05 | mov al, byte ptr es:[di]
  66 b8 78 56 34 12 | mov eax, 0x12345678
  67 8b 04 24 | mov ax, word ptr [esp]
  66 67 8b 45 04 | mov eax, dword ptr [ebp+0x4]
  ea 00 00 ff ff | jmp 0xffff:0x0
  66 ea 00 00 10 00 08 00 | data32 jmp 0x8:0x100000
  e9 fd ef | jmp 0x0
  e9 f0 df | jmp 0xeff3
  66 c3 | data32 ret
  66 68 01 00 00 00 | data32 push 0x1
  68 01 00 | push 0x1
  9d | popf
  66 9d | popfd
  cf | iret
  66 cf | iretd
  e3 02 | jcxz 0x1004
  67 e3 02 | jecxz 0x1005
  a5 | movsw
  66 a5 | movsd
  f3 6d | rep insw
  66 0f 01 17 | data32 lgdt [bx]
  98 | cbw
  66 99 | cdq
`;

describe('[SDM 2A §3.1.1.3] Texts of instructions', () => {
  it('mnemonics of general registers and of the system', () => {
    expect(differences(64, GENERAL)).toEqual([]);
  });

  it('64-bit code: addresses, registers, sizes, prefixes and targets', () => {
    expect(differences(64, FORMS_64)).toEqual([]);
  });

  it('32-bit code', () => {
    expect(differences(32, FORMS_32)).toEqual([]);
  });

  it('16-bit code', () => {
    expect(differences(16, FORMS_16)).toEqual([]);
  });
});

describe('every encoding', () => {
  const MAPS = [[], [0x0f], [0x0f, 0x38]];
  const PREFIXES = [[], [0x66], [0x67], [0xf2], [0xf3], [0xf0], [0x64], [0x48], [0x4f]];
  /** Memory with and without SIB and displacement, and registers. */
  const MOD_RMS = [0x03, 0x04, 0x05, 0x06, 0x44, 0x85, 0xc1, 0xc7];

  it.each<Bits>([16, 32, 64])('of %i-bit code that decodes has a text that names every operand', (bits) => {
    const wrong: string[] = [];
    for (const prefix of PREFIXES) {
      for (const map of MAPS) {
        for (let opcode = 0; opcode < 256; opcode++) {
          for (let reg = 0; reg < 8; reg++) {
            for (const modRm of MOD_RMS) {
              const instruction = decoded(bits, [...prefix, ...map, opcode, modRm | (reg << 3), 0x24, 0x10, 0x80, 1, 2, 3, 4]);
              if (instruction === undefined) continue;
              const text = disassemble(instruction, ADDRESS);
              const ok = /^[a-z0-9 ]+( [^,]+(, [^,]+)*)?$/.test(text) && !/undefined|NaN|,\s*$|\[\]/.test(text);
              if (!ok) wrong.push(`${instruction.instruction.mnemonic}: ${text}`);
            }
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('dataText', () => {
  it('writes bytes that are no instruction', () => {
    expect(dataText(Uint8Array.of(0xc5, 0x0a))).toBe('db 0xc5, 0x0a');
  });
});
