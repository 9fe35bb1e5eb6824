import type { Kysely } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import type { Schema } from '../../db/schema.ts';

/** The automation that an event comes of, and how many in a row have led to it, this one counted. */
export interface EventCause {
  automation: string;
  depth: number;
}

/** A person does these, whatever led them to. */
const BY_PEOPLE: ReadonlySet<string> = new Set(['link.clicked', 'message.received', 'message.read']);

/** By event: a message that a run sent, a contact that it changed, its own end. */
export async function findCauses(
  db: Kysely<Schema>,
  events: readonly AuditEvent[],
): Promise<ReadonlyMap<string, EventCause>> {
  const own = events.filter(({ type }) => !BY_PEOPLE.has(type));
  const runIds = own.flatMap(({ data }) => (typeof data.run_id === 'string' ? data.run_id : []));
  const messageIds = own.flatMap(({ messageId }) => messageId ?? []);
  const byRun = runIds.length === 0 ? [] : await runsOf(db).where('r.id', 'in', runIds).execute();
  const byMessage =
    messageIds.length === 0
      ? []
      : await runsOf(db)
          .innerJoin('automation_steps as s', 's.run_id', 'r.id')
          .select('s.message_id')
          .where('s.message_id', 'in', messageIds)
          .execute();
  const runs = new Map(byRun.map((run) => [run.id, run]));
  const senders = new Map(byMessage.map((run) => [run.message_id, run]));
  return new Map(
    own.flatMap(({ id, messageId, data }) => {
      const run = runs.get(String(data.run_id)) ?? senders.get(messageId ?? null);
      return run ? [[id, { automation: run.automation_id, depth: run.depth + 1 }] as const] : [];
    }),
  );
}

function runsOf(db: Kysely<Schema>) {
  return db.selectFrom('automation_runs as r').select(['r.id', 'r.automation_id', 'r.depth']);
}
