export const DAY_MS = 86_400_000;

const MINUTE_MS = 60_000;
const QUARTER_MS = 900_000;
const MAX_KNOWN = 20_000;

const clocks = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

/**
 * What the clocks of a zone are ahead of UTC. Clocks change on a quarter of an hour and zones differ by whole minutes,
 * so one answer holds for its quarter.
 */
export function offsetMs(timeZone: string, at: number): number {
  const quarter = Math.floor(at / QUARTER_MS);
  const key = `${quarter} ${timeZone}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  if (offsets.size >= MAX_KNOWN) offsets.clear();
  const start = quarter * QUARTER_MS;
  const offset = readClock(timeZone, start) - start;
  offsets.set(key, offset);
  return offset;
}

/** What the clock on the wall shows, as if it were UTC. */
export function wallTime(timeZone: string, at: number): number {
  return at + offsetMs(timeZone, at);
}

function readClock(timeZone: string, at: number): number {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    clocks.set(timeZone, clock);
  }
  const shown: Record<string, number> = {};
  for (const { type, value } of clock.formatToParts(at)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute);
}

/**
 * The first instant, from `notBefore` on, at which the wall shows this. A time that a change of the clocks leaves out
 * is the instant of the change; of one that comes twice, the first that is not over.
 */
export function instantOf(timeZone: string, wall: number, notBefore: number): number {
  const before = wall - offsetMs(timeZone, wall - DAY_MS);
  const after = wall - offsetMs(timeZone, wall + DAY_MS);
  const [first, second] = before < after ? [before, after] : [after, before];
  for (const instant of [first, second]) {
    if (instant >= notBefore && wallTime(timeZone, instant) === wall) return instant;
  }
  return clockChange(timeZone, Math.max(first, notBefore), Math.max(second, notBefore));
}

/** The minute at which the offset is no longer that of `from`. */
function clockChange(timeZone: string, from: number, to: number): number {
  const offset = offsetMs(timeZone, from);
  let low = Math.floor(from / MINUTE_MS);
  let high = Math.ceil(to / MINUTE_MS);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(timeZone, middle * MINUTE_MS) === offset) low = middle;
    else high = middle;
  }
  return high * MINUTE_MS;
}
