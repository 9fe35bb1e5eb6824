import { tellsOnce } from './json-names.ts';
import type { Line } from './leaf.ts';

/** An event, what is left of one, or the root over 2^height rows of which nothing else is told. */
export type ParsedLine =
  | { kind: 'event' | 'deleted'; index: number; hash: Buffer; line: Line }
  | { kind: 'hashes'; index: number; hash: Buffer; height: number };

/** All that these lines may have: whatever else they said would be proven by nothing. */
const HASHES = new Set(['log_index', 'leaves', 'hash']);
const DELETED = new Set(['log_index', 'id', 'type', 'created_at', 'project', 'mode', 'deleted', 'leaf']);
const LEAF = new Set(['hash', 'commitment', 'salt']);
const DELETED_LEAF = new Set(['hash']);

export function parseLine(text: string): ParsedLine | null {
  const line = parseObject(text);
  if (!line) return null;
  const { log_index: index, leaves, leaf, data, deleted } = line;
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return null;
  if (leaves !== undefined) {
    const hash = hasOnly(line, HASHES) ? parseHash(line.hash) : null;
    const height = typeof leaves === 'number' ? Math.log2(leaves) : -1;
    return hash && Number.isInteger(height) && height >= 0 ? { kind: 'hashes', index, hash, height } : null;
  }
  if (!isObject(leaf) || !hasOnly(leaf, deleted === true ? DELETED_LEAF : LEAF)) return null;
  const hash = parseHash(leaf.hash);
  if (!hash) return null;
  if (deleted === true) return hasOnly(line, DELETED) ? { kind: 'deleted', index, hash, line } : null;
  return isObject(data) ? { kind: 'event', index, hash, line } : null;
}

function parseObject(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && tellsOnce(text, value) ? value : null;
  } catch {
    return null;
  }
}

function parseHash(value: unknown): Buffer | null {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value) ? Buffer.from(value, 'base64url') : null;
}

function isObject(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasOnly(value: Line, names: ReadonlySet<string>): boolean {
  return Object.keys(value).every((name) => names.has(name));
}
