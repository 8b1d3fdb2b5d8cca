/** Attributes of devices, as files of the administrator's tree show them: text, one value each. [vbus PCI-2, administration] */

export interface Attribute {
  /** File name: `client_mac`. */
  readonly name: string;
  /** The value, without the newline that the file ends with. */
  show(): string;
  /** A new value, without the newline it may have been written with: 0, or −errno. Read-only without it. */
  store?(text: string): number;
}
