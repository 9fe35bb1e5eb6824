import type { Line } from './leaf.ts';

/** An event, what is left of one, or the root over 2^height rows of which nothing else is told. */
export type ParsedLine =
  | { kind: 'event' | 'deleted'; index: number; hash: Buffer; line: Line }
  | { kind: 'hashes'; index: number; hash: Buffer; height: number };

export function parseLine(text: string): ParsedLine | null {
  const line = parseObject(text);
  if (!line) return null;
  const { log_index: index, leaves, leaf, data, deleted } = line;
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return null;
  if (leaves !== undefined) {
    const hash = parseHash(line.hash);
    const height = typeof leaves === 'number' ? Math.log2(leaves) : -1;
    return hash && Number.isInteger(height) && height >= 0 ? { kind: 'hashes', index, hash, height } : null;
  }
  const hash = parseHash((leaf as { hash?: unknown } | null | undefined)?.hash);
  if (!hash) return null;
  if (deleted === true) return { kind: 'deleted', index, hash, line };
  return typeof data === 'object' && data !== null ? { kind: 'event', index, hash, line } : null;
}

function parseObject(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Line) : null;
  } catch {
    return null;
  }
}

function parseHash(value: unknown): Buffer | null {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value) ? Buffer.from(value, 'base64url') : null;
}
