/** Milliseconds since the epoch. Passed everywhere as an argument, so that tests can move it. */
export type Now = () => number;

export const systemNow: Now = Date.now;

/** RFC 3339 in UTC. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}
