/** The networks of a run: user network, capture file and counters around it, forwards from the host. */
import type { Clock } from '@paravirt/bus';
import type { NetOptions } from '@paravirt/machine';
import { type CountedPort, capture, counted, type EthernetPort, type TftpFiles, UserNetwork } from '@paravirt/net-backend';
import { type CaptureFile, NodeHostNetwork, openCaptureFile, tftpDirectory } from '@paravirt/net-backend/node';
import type { NetOption } from './net-option.ts';
import type { FrameCount } from './statistics.ts';

/** One `--net`. Its `card` goes to the machine, which connects it; then `open`, and at the end `close`. */
export class Network {
  readonly #option: NetOption;
  readonly #startMs: number;
  readonly #tftp: TftpFiles | undefined;
  readonly #file: CaptureFile | undefined;
  #user: UserNetwork | undefined = undefined;
  #port: CountedPort | undefined = undefined;

  /**
   * Looks for the folder and creates the capture file. @param startMs Time of day at the start of the guest.
   * @throws ConfigurationError if there is no folder, or the file cannot be written.
   */
  constructor(option: NetOption, startMs: number) {
    this.#option = option;
    this.#startMs = startMs;
    this.#tftp = option.tftp === undefined ? undefined : tftpDirectory(option.tftp);
    this.#file = option.pcap === undefined ? undefined : openCaptureFile(option.pcap);
  }

  get card(): NetOptions {
    const { model, bus, wire, options, mac, mtu } = this.#option;
    return {
      model,
      bus,
      ...(wire === undefined ? {} : { wire }),
      ...options,
      connect: (clock) => this.connect(clock),
      ...(mac === undefined ? {} : { mac }),
      ...(mtu === undefined ? {} : { mtu }),
    };
  }

  /** Makes the network. Called once, by the card. */
  connect(clock: Clock): EthernetPort {
    const { mtu, bootFile } = this.#option;
    const tftp = this.#tftp;
    const user = new UserNetwork({
      clock,
      host: new NodeHostNetwork(),
      ...(mtu === undefined ? {} : { mtu }),
      ...(tftp === undefined ? {} : { tftp }),
      ...(bootFile === undefined ? {} : { bootFile }),
    });
    const file = this.#file;
    const startTimeNs = BigInt(this.#startMs) * 1_000_000n;
    const port = counted(file === undefined ? user : capture(user, { clock, sink: file.sink, startTimeNs }));
    this.#user = user;
    this.#port = port;
    return port;
  }

  /** Opens the forwards. @throws ConfigurationError (rejects), `port-in-use` among others. */
  async open(): Promise<void> {
    for (const forward of this.#option.forwards) await this.#user?.forward(forward);
  }

  close(): void {
    this.#user?.close();
    this.#file?.close();
  }

  frames(card: string): FrameCount {
    const sent = this.#port?.transmitted;
    const received = this.#port?.received;
    return {
      card,
      transmittedFrames: sent?.frames ?? 0,
      transmittedBytes: sent?.octets ?? 0,
      receivedFrames: received?.frames ?? 0,
      receivedBytes: received?.octets ?? 0,
    };
  }
}
