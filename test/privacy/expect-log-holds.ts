import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { viewEvent } from '../../src/audit/event-view.ts';
import { fromEventRow } from '../../src/audit/events-table.ts';
import { readFeed } from '../../src/audit/feed.ts';
import { splitPersonal } from '../../src/audit/personal.ts';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import type { TestService } from '../service.ts';

const sha256 = (...parts: (string | Buffer)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** What is still there hashes to what the log says; what has a salt opens its commitment. Resolves with the leaf hashes. */
export async function expectLogHolds({ services: { db } }: TestService): Promise<string[]> {
  const leaves = await db.kysely.selectFrom('audit_leaves').selectAll().orderBy('log_index').execute();
  const rows = await db.kysely.selectFrom('events').selectAll().execute();
  const events = new Map(rows.map((row) => [row.id, viewEvent(fromEventRow(row))]));
  for (const { event_id, salt, commitment, hash } of leaves) {
    const event = events.get(event_id);
    if (!event) continue;
    const { open, personal } = splitPersonal(event);
    const bytes = canonicalJson(commitment === null ? open : { ...open, personal: commitment });
    expect(sha256(Buffer.of(0), bytes).toString('base64url')).toBe(hash);
    if (salt !== null) {
      expect(sha256(Buffer.from(salt, 'base64url'), canonicalJson(personal)).toString('base64url')).toBe(commitment);
    }
  }
  expect(await readFeed(db.kysely, { from: 0, limit: 1 })).toHaveLength(Math.min(1, leaves.length));
  return leaves.map(({ hash }) => hash);
}
