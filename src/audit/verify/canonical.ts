/** RFC 8785: the one text that is hashed for a JSON value. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = value as Record<string, unknown>;
    // §3.2.3: by UTF-16 code units, which is how strings compare.
    const sorted = Object.keys(members).sort();
    return `{${sorted.map((name) => `${JSON.stringify(name)}:${canonical(members[name])}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
