import { createHash } from 'node:crypto';
import { canonical } from './canonical.ts';
import { hashLeaf } from './tree.ts';

/** A line of an export, as it was parsed. */
export type Line = Record<string, unknown>;

/** Members of `data` that a leaf holds only a commitment to, like `recipient` and `client`: part of the log's format. */
const PERSONAL = new Set([
  'address',
  'body',
  'email',
  'from',
  'ip',
  'metadata',
  'recipient',
  'subject',
  'text',
  'to',
  'user_agent',
  'variables',
]);

export type LeafCheck =
  /** Everything in the line is what was sealed. */
  | { kind: 'whole' }
  /** What is not personal is; nothing personal is left in the line. */
  | { kind: 'erased' }
  /** What is not personal is; what the line still shows of a person is proven by nothing. */
  | { kind: 'unproven' }
  | { kind: 'changed'; what: 'event' | 'personal' };

/** Whether a line says what its leaf hash was made of. */
export function checkLeaf(line: Line, hash: Buffer): LeafCheck {
  const { log_index, leaf, recipient, client, data, ...rest } = line;
  // A commitment that is not where it belongs would hide that something was erased.
  if ('personal' in rest) return { kind: 'changed', what: 'event' };
  const { commitment, salt } = leaf as { commitment?: unknown; salt?: unknown };
  const members = Object.entries(data as object);
  // Assigned one by one, `__proto__` would be lost.
  const open = Object.fromEntries(members.filter(([name]) => !PERSONAL.has(name)));
  const personalData = Object.fromEntries(members.filter(([name]) => PERSONAL.has(name)));
  const personal = {
    ...(recipient !== undefined && { recipient }),
    ...(client !== undefined && { client }),
    ...(Object.keys(personalData).length > 0 && { data: personalData }),
  };
  const sealed = { ...rest, data: open, ...(commitment !== undefined && { personal: commitment }) };
  if (!hashLeaf(canonical(sealed)).equals(hash)) return { kind: 'changed', what: 'event' };
  const shown = Object.keys(personal).length > 0;
  if (commitment === undefined) return shown ? { kind: 'changed', what: 'personal' } : { kind: 'whole' };
  if (typeof salt !== 'string') return { kind: shown ? 'unproven' : 'erased' };
  const made = createHash('sha256').update(Buffer.from(salt, 'base64url')).update(canonical(personal));
  return made.digest('base64url') === commitment ? { kind: 'whole' } : { kind: 'changed', what: 'personal' };
}
