import { Problem } from '../lib/errors.ts';

/** ms: `since` inclusive, `until` exclusive. */
export interface TimeRange {
  since: number | undefined;
  until: number | undefined;
}

/** From the parameters of a request; throws the 422. */
export function readTimeRange(since: string | undefined, until: string | undefined): TimeRange {
  const range = { since: timeOf('since', since), until: timeOf('until', until) };
  if (range.since !== undefined && range.until !== undefined && range.since >= range.until) {
    throw new Problem('invalid_request', { errors: [{ pointer: 'since', message: 'must be before until' }] });
  }
  return range;
}

/** Years of four digits that a calendar of events can have; Date.parse alone takes the year 0000. */
const EARLIEST = Date.UTC(2000);
const LATEST = Date.UTC(2100);

function timeOf(pointer: string, timestamp: string | undefined): number | undefined {
  if (timestamp === undefined) return undefined;
  const at = Date.parse(timestamp);
  if (at >= EARLIEST && at < LATEST) return at;
  throw new Problem('invalid_request', { errors: [{ pointer, message: 'must be a time in this century' }] });
}
