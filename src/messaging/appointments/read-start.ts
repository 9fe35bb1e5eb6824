import { instantOf, wallTime } from '../windows/local-time.ts';

export type Start = { kind: 'ok'; at: number; offset: string } | { kind: 'invalid'; message: string };

const TIME =
  /^(?<day>\d{4}-\d{2}-\d{2})T(?<clock>\d{2}:\d{2})(?<seconds>:\d{2}(?:\.\d+)?)?(?<offset>Z|[+-]\d{2}:\d{2})?$/;
const invalid = (message: string): Start => ({ kind: 'invalid', message });

/** An instant; without an offset by the clocks of the zone, which have to show it. */
export function readStart(text: string, timeZone: string | null): Start {
  const { day = '', clock = '', seconds = ':00', offset } = TIME.exec(text)?.groups ?? {};
  const wall = Date.parse(`${day}T${clock}${seconds}Z`);
  // The 31st of February is parsed as a day of March.
  if (Number.isNaN(wall) || !new Date(wall).toISOString().startsWith(`${day}T${clock}`)) {
    return invalid('is no time of the calendar');
  }
  if (offset !== undefined) {
    const at = Date.parse(`${day}T${clock}${seconds}${offset}`);
    return Number.isNaN(at)
      ? invalid('has no such offset')
      : { kind: 'ok', at, offset: offset === 'Z' ? 'UTC' : offset };
  }
  if (timeZone === null) return invalid('needs an offset, or a time_zone');
  const minute = Math.floor(wall / 60_000) * 60_000;
  const at = instantOf(timeZone, minute, 0);
  if (wallTime(timeZone, at) !== minute) return invalid('is left out by a change of the clocks');
  return { kind: 'ok', at: at + (wall - minute), offset: 'UTC' };
}
