/** What an administrator may change while a device runs; the attributes of venet.ts show and store it. [vbus §1.2] */
export interface VenetSettings {
  /**
   * Wakeups for transmission that follow each other within this many microseconds are a burst and are left to deferred work, which takes
   * what the guest adds meanwhile without further doorbells; a wakeup after a longer pause is served at once, for latency. 0: no detection,
   * all is deferred. In the place `deferred` all is, whatever this says.
   */
  burstThreshold: number;
  /** Transmitted packets after which the guest is told, if there are more to send; at the end it is told anyway. 0: after each. With the mitigation `packets` that decides instead. */
  transmitMitigation: number;
  /**
   * Large frames (with segmentation left to do) of at least this many bytes stay in the guest's memory until the port takes them, if the
   * driver wants to be told of completion. 0: every frame is copied first.
   */
  zeroCopyThreshold: number;
}

export const defaultSettings = (): VenetSettings => ({ burstThreshold: 0, transmitMitigation: 10, zeroCopyThreshold: 512 });
