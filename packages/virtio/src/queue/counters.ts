/**
 * What went over one queue since its device was made, whatever rings it had: counted where it happens, read by whoever asks. From these
 * follow the figures by which two ways of notifying are compared:
 *
 *   doorbells that suppression saved = available − (doorbells − spurious): each chain alone would have had one
 *   chains that one interrupt carried = used / interrupts
 */

export class QueueCounters {
  /** Available buffer notifications by the driver, while the queue was in use. */
  doorbells = 0;
  /** Those that brought nothing: the device had seen all that was available. */
  spurious = 0;
  /** Chains that the driver made available. */
  available = 0;
  /** Chains that the device gave back. */
  used = 0;
  /** Used buffer notifications to the driver. */
  interrupts = 0;
  /** Times that the device had given chains back, and the driver did not want to be told. */
  suppressed = 0;
  /** Times that the driver wanted to be told, and a mitigation put it off. */
  held = 0;
}
