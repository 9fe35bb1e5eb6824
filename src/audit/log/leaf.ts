import { hash } from 'node:crypto';
import type { AuditLeafTable } from '../../db/schema/audit.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { takeRandom } from '../../lib/take-random.ts';
import type { AuditEvent } from '../event.ts';
import { viewEvent } from '../event-view.ts';
import { type PersonalPart, splitPersonal } from '../personal.ts';
import { leafHash } from './merkle.ts';

/** 128 random bits hide what is behind a commitment, however few values it can have. */
const SALT_BYTES = 16;

export interface Leaf {
  /** Null: nothing of the event is personal. */
  salt: Buffer | null;
  commitment: Buffer | null;
  hash: Buffer;
}

export function makeLeaf(event: AuditEvent): Leaf {
  const { open, personal } = splitPersonal(viewEvent(event));
  const salt = personal && takeRandom(SALT_BYTES);
  const commitment = personal && salt && commitTo(personal, salt);
  return { salt, commitment, hash: leafHash(Buffer.from(leafText(open, commitment))) };
}

/** Whether an event is still what its leaf was made of, as far as its salt can tell. */
export function isAsSealed(
  event: AuditEvent,
  { hash, commitment, salt }: Pick<AuditLeafTable, 'hash' | 'commitment' | 'salt'>,
): boolean {
  const { open, personal } = splitPersonal(viewEvent(event));
  const committed = commitment === null ? null : Buffer.from(commitment, 'base64url');
  if (leafHash(Buffer.from(leafText(open, committed))).toString('base64url') !== hash) return false;
  return salt === null || commitTo(personal ?? {}, Buffer.from(salt, 'base64url')).toString('base64url') === commitment;
}

/** What a leaf is the hash of: the event, its personal members replaced by the commitment to them. */
export function leafText(open: object, commitment: Buffer | null): string {
  return canonicalJson(commitment ? { ...open, personal: commitment.toString('base64url') } : open);
}

export function commitTo(personal: PersonalPart, salt: Buffer): Buffer {
  return hash('sha256', Buffer.concat([salt, Buffer.from(canonicalJson(personal))]), 'buffer');
}
