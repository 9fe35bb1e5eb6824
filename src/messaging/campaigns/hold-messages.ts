import { type RawBuilder, type SqlBool, sql, type Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { rowSet } from '../../db/row-set.ts';
import type { Schema } from '../../db/schema.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { WAITING } from '../../delivery/messages/message.ts';
import type { MessageHold } from '../../delivery/messages/message-hold.ts';
import { putOff } from '../../delivery/messages/put-off.ts';
import { createBatcher } from '../../lib/batch.ts';
import type { CampaignRow } from './campaign.ts';

/** Of a message, and of its job, that waits for its campaign to go on. */
const PAUSED = 'paused';
const BATCH = 64;

/** For messages that a failed receipt sends to the next carrier: they wait in the queue of all messages. */
export function createMessageHold(db: Database): MessageHold {
  const { kysely, dialect } = db;
  return {
    of: createBatcher(async (ids: string[]) => {
      const rows = await kysely
        .selectFrom('campaigns')
        .select(['id', 'status'])
        .where('id', 'in', [...new Set(ids)])
        .execute();
      const statuses = new Map(rows.map(({ id, status }) => [id, status]));
      return ids.map((id) => {
        const status = statuses.get(id);
        return status === 'paused' || status === 'canceled' ? status : null;
      });
    }, BATCH),

    keep: (queue, job, message, now) =>
      batchTransaction(db, {}, async (batch) => {
        const campaign = kysely
          .selectFrom('campaigns')
          .select('id')
          .where('id', '=', message.campaign_id)
          .where('status', '=', 'paused');
        // Whoever resumes it meanwhile finds the job afterwards, or it is not put off.
        const [[paused]] = await batch.run(forUpdate(dialect, campaign).compile());
        if (!paused) return batch.commit(queue.putBack([{ ...job, dueAt: now, tries: job.tries - 1 }]));
        await batch.commit(...putOff(db, queue, job, message, { until: Infinity, reason: PAUSED }, now));
      }),
  };
}

/** Each says why it waits. They are held when their time comes. */
export async function markHeldMessages(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  campaign: CampaignRow,
  now: number,
): Promise<void> {
  await trx
    .updateTable('messages')
    .set({ reason: PAUSED, updated_at: now })
    .where(waitingMessagesOf(dialect, campaign))
    .execute();
}

/** They go on: those that were held at once, the others when their time comes. */
export async function releaseMessages(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  campaign: CampaignRow,
  now: number,
): Promise<void> {
  const released = await trx
    .updateTable('messages')
    .set({ reason: null, updated_at: now })
    .where(waitingMessagesOf(dialect, campaign))
    .where('reason', '=', PAUSED)
    .returning('id')
    .execute();
  if (released.length === 0) return;
  await trx
    .updateTable('jobs')
    // Whoever has one has it no more.
    .set((eb) => ({ due_at: now, reason: null, claim: eb('claim', '+', 1) }))
    .where('reason', '=', PAUSED)
    .where(jobsOf(dialect, released))
    .execute();
}

/** The jobs that send these messages. */
export function jobsOf(dialect: Database['dialect'], messages: readonly { id: string }[]): RawBuilder<SqlBool> {
  const ids = rowSet(
    dialect,
    { id: 'text' },
    messages.map(({ id }) => ({ id })),
  );
  return sql<SqlBool>`jobs.queue = 'messages' and jobs.id in (select id from ${ids})`;
}

/** Found by their jobs: of a campaign's messages most have long gone. */
export function waitingMessagesOf(
  dialect: Database['dialect'],
  { id, project_id }: Pick<CampaignRow, 'id' | 'project_id'>,
): RawBuilder<SqlBool> {
  const jobs = sql`select id from jobs where queue = 'messages' and owner = ${project_id}`;
  const among = dialect === 'postgres' ? sql`any(array(${jobs}))` : sql`(${jobs})`;
  return sql<SqlBool>`messages.campaign_id = ${id} and messages.status in (${sql.join([...WAITING])})
    and messages.id ${sql.raw(dialect === 'postgres' ? '=' : 'in')} ${among}`;
}
