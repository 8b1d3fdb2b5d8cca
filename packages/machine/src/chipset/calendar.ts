/**
 * Calendar arithmetic of the real-time clock: seconds since 1970-01-01 00:00 UTC ↔ the fields of the proleptic Gregorian calendar.
 */

export interface CalendarTime {
  /** Whole, four digits or more. */
  readonly year: number;
  /** 1–12. */
  readonly month: number;
  /** 1–31. */
  readonly day: number;
  /** 0–23. */
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 1–7, Sunday is 1. */
  readonly weekday: number;
}

export const SECONDS_PER_DAY = 86_400;

export function calendarOf(seconds: number): CalendarTime {
  const date = new Date(seconds * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay() + 1,
  };
}

/** Fields out of range carry into the next larger one; the weekday is not used. */
export function secondsOf(time: Omit<CalendarTime, 'weekday'>): number {
  const date = new Date(0);
  date.setUTCFullYear(time.year, time.month - 1, time.day);
  return Math.floor(date.getTime() / 1000) + time.hour * 3600 + time.minute * 60 + time.second;
}
