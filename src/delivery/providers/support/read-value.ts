/** Carriers' JSON, read without trust: none of these throws, and each takes anything. */

export type Json = Readonly<Record<string, unknown>>;

const NOTHING: Json = Object.freeze({});

/** Undefined for what is not JSON. */
export function parseJson(text: string | Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}

/** The object, or an empty one: a member of it is `undefined` then. */
export function readObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : NOTHING;
}

export function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text that is not empty; carriers write ids and codes as numbers too. */
export function readText(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** An id short enough to be stored and indexed. */
export function readId(value: unknown): string | undefined {
  const id = readText(value);
  return id !== undefined && id.length <= 255 ? id : undefined;
}
