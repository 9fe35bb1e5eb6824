import { DAY_MS, instantOf, wallTime } from '../windows/local-time.ts';

/** `…_before`: an absolute time, whatever the clocks do in between. With `at`: by the clock on the wall. */
export type ReminderRule = { hours_before: number } | { minutes_before: number } | { days_before: number; at: string };

export const USUAL_RULES: readonly ReminderRule[] = [{ hours_before: 24 }, { hours_before: 2 }];

/** `24h`, `90m`, `1d 18:00`. Two rules with the same name are one. */
export function nameOfRule(rule: ReminderRule): string {
  if ('at' in rule) return `${rule.days_before}d ${rule.at}`;
  const minutes = 'hours_before' in rule ? rule.hours_before * 60 : rule.minutes_before;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

export function dueAtOf(rule: ReminderRule, startsAt: number, timeZone: string): number {
  if ('hours_before' in rule) return startsAt - rule.hours_before * 3_600_000;
  if ('minutes_before' in rule) return startsAt - rule.minutes_before * 60_000;
  const day = Math.floor(wallTime(timeZone, startsAt) / DAY_MS) - rule.days_before;
  const [hour = 0, minute = 0] = rule.at.split(':').map(Number);
  return instantOf(timeZone, day * DAY_MS + (hour * 60 + minute) * 60_000, 0);
}
