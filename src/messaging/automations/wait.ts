import { DAY_MS, instantOf, wallTime } from '../windows/local-time.ts';
import { WEEKDAYS } from '../windows/own-windows.ts';
import type { WaitStep } from './automation.ts';

/** When a wait that begins now is over; the zone is the contact's, if it has one. */
export function endOfWait(step: WaitStep, timeZone: string | null, now: number): number {
  switch (step.type) {
    case 'wait':
      return now + step.seconds * 1000;
    case 'wait_until':
      return Date.parse(step.at);
    case 'wait_for_time':
      return nextTime(step, step.time_zone ?? timeZone ?? 'UTC', now);
  }
}

/** 1970 began on a Thursday. */
const weekdayOf = (day: number) => WEEKDAYS[(day + 4) % 7];

function nextTime({ time, days }: Extract<WaitStep, { type: 'wait_for_time' }>, zone: string, now: number): number {
  const wall = wallTime(zone, now);
  const today = Math.floor(wall / DAY_MS);
  for (let day = today; day <= today + 7; day += 1) {
    const shown = day * DAY_MS + msOf(time);
    if (shown >= wall && (days?.some((one) => one === weekdayOf(day)) ?? true)) return instantOf(zone, shown, now);
  }
  return now;
}

/** Of `HH:MM`, after midnight. */
export function msOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return (hours * 60 + minutes) * 60_000;
}
