/** One measured number. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** Three significant digits: more is noise on machines that are shared. */
export function formatted({ name, value, unit }: Figure): string {
  return `${name}: ${Number.isFinite(value) ? `${Number(value.toPrecision(3))} ${unit}` : 'not measured'}`;
}
