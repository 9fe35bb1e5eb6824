const MAX_MS = 3_600_000;

/** RFC 9110 §10.2.3: seconds or a date. Undefined when it is neither; at most an hour, for nobody waits longer. */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,15}$/.test(text)) return Math.min(Number(text) * 1_000, MAX_MS);
  // IMF-fixdate and the two obsolete forms all begin with the name of a day.
  const at = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), MAX_MS);
}
