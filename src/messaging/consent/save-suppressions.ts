import { createHash } from 'node:crypto';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import type { AuditEvent } from '../../audit/event.ts';
import { toEventRow } from '../../audit/events-table.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { encodeId, newId } from '../../lib/ids.ts';
import { senderKey } from './sender-key.ts';
import { createConsentStatements } from './statements.ts';
import type { Addressee, Owner } from './subject.ts';
import { ANY, type SuppressedPurpose, type SuppressionReason, type SuppressionRow } from './suppression.ts';

export interface SuppressionInput {
  who: Addressee;
  channel: string | null;
  purpose: SuppressedPurpose;
  sender: string | null;
  reason: SuppressionReason;
  note: string | null;
}

/** Suppressions by hand: each is an event. */
export function createSuppressions(db: Database) {
  const statements = createConsentStatements(db);

  return {
    /** Answers with how many are new. What is there already stays as it is. */
    async add(
      owner: Owner,
      inputs: readonly SuppressionInput[],
      actor: Actor,
      now: number,
      seed?: string,
    ): Promise<number> {
      const rows = inputs.map((input, index) => toRow(owner, input, actor, now, seed && `${seed}\0${index}`));
      return batchTransaction(db, {}, async (batch) => {
        const [fresh] = await batch.run(statements.insertSuppressions(rows));
        const isFresh = new Set(fresh.map(({ id }) => id));
        const events = rows.flatMap((row, index) => {
          const who = inputs[index]?.who;
          return who && isFresh.has(row.id) ? [addedEvent(row, who, actor, now)] : [];
        });
        await batch.commit(statements.insertEvents(events.map((event) => toEventRow(event) as never)));
        return fresh.length;
      });
    },

    /** False: there is no such suppression. */
    remove(owner: Owner, id: string, actor: Actor, now: number): Promise<boolean> {
      return batchTransaction(db, {}, async (batch) => {
        const [gone] = await batch.run(
          db.kysely
            .deleteFrom('suppressions')
            .where('id', '=', id)
            .where('project_id', '=', owner.project)
            .where('mode', '=', owner.mode)
            .returningAll()
            .compile(),
        );
        const events = gone.map((row) => changedEvent('suppression.removed', row, actor, now, { reason: row.reason }));
        await batch.commit(statements.insertEvents(events.map((event) => toEventRow(event) as never)));
        return gone.length > 0;
      });
    },

    /** Somebody has looked at what was only probable. */
    confirm(owner: Owner, id: string, actor: Actor, now: number): Promise<SuppressionRow | null> {
      return batchTransaction(db, {}, async (batch) => {
        const query = db.kysely.selectFrom('suppressions').selectAll().where('id', '=', id);
        const own = query.where('project_id', '=', owner.project).where('mode', '=', owner.mode);
        const [[row]] = await batch.run(forUpdate(db.dialect, own).compile());
        if (!row) return null;
        if (row.review === 0) return row;
        const event = changedEvent('suppression.confirmed', row, actor, now, {});
        await batch.commit(
          db.kysely.updateTable('suppressions').set({ review: 0 }).where('id', '=', id).compile(),
          statements.insertEvents([toEventRow(event) as never]),
        );
        return { ...row, review: 0 };
      });
    },
  };
}

export type Suppressions = ReturnType<typeof createSuppressions>;

function toRow(
  { project, mode }: Owner,
  { who, channel, purpose, sender, reason, note }: SuppressionInput,
  actor: Actor,
  now: number,
  seed: string | undefined,
): SuppressionRow {
  return {
    id:
      seed === undefined
        ? newId('sup')
        : `sup_${encodeId(createHash('sha256').update(`suppression\0${seed}`).digest().subarray(0, 26))}`,
    project_id: project,
    mode,
    address_hash: who.hash,
    channel: channel ?? ANY,
    purpose,
    sender: sender === null ? ANY : senderKey(sender),
    reason,
    review: 0,
    address: who.address,
    note,
    cause: null,
    proof: null,
    actor: actor.id,
    created_at: now,
  };
}

function addedEvent(row: SuppressionRow, who: Addressee, actor: Actor, now: number): AuditEvent {
  const { channel, purpose, sender, reason } = row;
  const event = changedEvent('suppression.added', row, actor, now, { channel, purpose, sender, reason });
  return { ...event, recipient: { masked: who.masked, hash: who.hash } };
}

function changedEvent(
  type: 'suppression.added' | 'suppression.confirmed' | 'suppression.removed',
  row: SuppressionRow,
  actor: Actor,
  now: number,
  data: Record<string, unknown>,
): AuditEvent {
  const event = adminEvent(type, row.project_id, actor, now, { suppression_id: row.id, ...data });
  return { ...event, mode: row.mode };
}
