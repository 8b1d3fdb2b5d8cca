/**
 * The contract of `EthernetPort` as tests: every port runs this suite. It takes the test runner's functions, so that nothing of a runner
 * is needed to use this package.
 */
import type { EthernetPort } from '../ethernet-port.ts';

/** What the suite needs of a test runner; Vitest's and Jest's functions fit. */
export interface TestRunner {
  readonly describe: (name: string, run: () => void) => void;
  readonly it: (name: string, run: () => void) => void;
  readonly expect: (value: unknown) => { toBe(expected: unknown): void; toEqual(expected: unknown): void };
}

/** A port under test with what makes it speak. */
export interface PortFixture {
  readonly port: EthernetPort;
  /** A frame that the port takes. */
  frame(): Uint8Array;
  /** Makes the port deliver one more frame to `onReceive`, in whatever way it does. */
  stimulate(): void;
  /** Lets everything happen that is due: virtual time passes. */
  settle(): void;
  /** Frames that the port keeps at most for a receiver that refuses. */
  readonly keeps: number;
}

export function describeEthernetPort(name: string, make: () => PortFixture, { describe, it, expect }: TestRunner): void {
  describe(`EthernetPort contract: ${name}`, () => {
    it('takes a frame and leaves it unchanged', () => {
      const { port, frame, settle } = make();
      port.onReceive = () => true;
      const sent = frame();
      const copy = sent.slice();
      expect(port.transmit(sent)).toBe(true);
      settle();
      expect(sent).toEqual(copy);
    });

    it('keeps nothing of the buffer: it may be overwritten after the call', () => {
      const { port, frame, settle } = make();
      const got: Uint8Array[] = [];
      port.onReceive = (f) => {
        got.push(f.slice());
        return true;
      };
      const sent = frame();
      const copy = sent.slice();
      port.transmit(sent);
      sent.fill(0xee);
      settle();
      expect(got.some((f) => f.every((b) => b === 0xee))).toBe(false);
      expect(copy.length).toBe(sent.length);
    });

    it('drops frames that are none, of 0 to 13 bytes and of 128 KiB, and says true', () => {
      const { port, settle } = make();
      let received = 0;
      port.onReceive = () => {
        received++;
        return true;
      };
      for (let length = 0; length < 14; length++) expect(port.transmit(new Uint8Array(length))).toBe(true);
      expect(port.transmit(new Uint8Array(131_072))).toBe(true);
      settle();
      expect(received).toBe(0);
    });

    it('delivers without anyone listening', () => {
      const { port, frame, stimulate, settle } = make();
      port.onReceive = undefined;
      expect(port.transmit(frame())).toBe(true);
      stimulate();
      settle();
    });

    it('offers a refused frame again after resume, once and unchanged', () => {
      const { port, stimulate, settle } = make();
      let refused: Uint8Array | undefined;
      port.onReceive = (f) => {
        refused ??= f.slice();
        return false;
      };
      stimulate();
      settle();
      expect(refused === undefined).toBe(false);
      const got: Uint8Array[] = [];
      port.onReceive = (f) => {
        got.push(f.slice());
        return true;
      };
      settle();
      expect(got.length).toBe(0);
      port.resume();
      settle();
      expect(got.length).toBe(1);
      expect(got[0]).toEqual(refused);
    });

    it('does not offer a frame while it is refused', () => {
      const { port, stimulate, settle } = make();
      let offers = 0;
      port.onReceive = () => {
        offers++;
        return false;
      };
      for (let i = 0; i < 5; i++) stimulate();
      settle();
      expect(offers).toBe(1);
    });

    it('keeps a bounded number of frames for a receiver that refuses', () => {
      const { port, stimulate, settle, keeps } = make();
      port.onReceive = () => false;
      for (let i = 0; i < 2 * keeps + 10; i++) stimulate();
      settle();
      let received = 0;
      port.onReceive = () => {
        received++;
        return true;
      };
      port.resume();
      settle();
      expect(received >= 1 && received <= keeps).toBe(true);
    });

    it('takes a frame from inside a delivery without recursing', () => {
      const { port, frame, stimulate, settle } = make();
      let depth = 0;
      let deepest = 0;
      let left = 2000;
      port.onReceive = () => {
        deepest = Math.max(deepest, ++depth);
        if (left-- > 0) port.transmit(frame());
        depth--;
        return true;
      };
      stimulate();
      settle();
      expect(deepest <= 2).toBe(true);
    });

    it('says writable once for each time that it said no', () => {
      const { port, frame, stimulate, settle } = make();
      let writable = 0;
      port.onWritable = () => {
        writable++;
      };
      port.onReceive = () => false;
      let noes = 0;
      stimulate();
      for (let i = 0; i < 2000 && noes === 0; i++) if (!port.transmit(frame())) noes++;
      port.onReceive = () => true;
      port.resume();
      settle();
      expect(writable).toBe(noes);
    });
  });
}
