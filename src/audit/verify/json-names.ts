const NAME_OR_TEXT = /"(?:[^"\\]|\\.)*"\s*(:?)/g;

/**
 * False where a name stands twice in an object: parsers differ in which of the two they take, so that a reader could be
 * shown what was never sealed (RFC 8259 §4).
 */
export function tellsOnce(text: string, value: unknown): boolean {
  // What every line is as it was written, and cheap.
  if (JSON.stringify(value) === text) return true;
  let written = 0;
  for (const [, colon] of text.matchAll(NAME_OR_TEXT)) if (colon === ':') written += 1;
  return written === countNames(value);
}

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const members = Object.values(value);
  const own = Array.isArray(value) ? 0 : members.length;
  return members.reduce<number>((sum, member) => sum + countNames(member), own);
}
