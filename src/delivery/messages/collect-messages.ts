import type { Selectable, SelectQueryBuilder } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { InboundMessageTable } from '../../db/schema/inbound.ts';
import type { Schema } from '../../db/schema.ts';
import { toTimestamp } from '../../lib/clock.ts';
import type { Collect, Subject, SubjectRecord } from '../../lib/subject.ts';
import type { MessageRow } from './load.ts';
import { readMessage } from './read-messages.ts';
import { viewStory } from './view.ts';

const PAGE = 200;

/** A person's messages with their tries and receipts, and what they wrote. */
export function createMessageCollector(db: Database): Collect {
  return async function* collect(subject): AsyncGenerator<SubjectRecord> {
    for await (const rows of inPages([messagesTo(db, subject)])) {
      for (const { id, project_id: project, mode } of rows) {
        const story = await readMessage(db.kysely, { id, project, mode });
        if (story) yield { kind: 'message', record: { project, mode, ...viewStory(story) } };
      }
    }
    for (const row of await readInbound(db, subject)) yield { kind: 'inbound_message', record: viewInbound(row) };
  };
}

type MessageQuery = SelectQueryBuilder<Schema, 'messages', MessageRow>;

export function messagesTo(db: Database, subject: Subject): MessageQuery {
  return ofSubject(db, subject).where('recipient_hash', '=', subject.hash);
}

export function ofSubject({ kysely }: Database, { project, modes }: Subject): MessageQuery {
  const all = kysely
    .selectFrom('messages')
    .selectAll()
    .where('mode', 'in', [...modes]);
  return project === null ? all : all.where('project_id', '=', project);
}

/** What these queries find, one after the other; each oldest first. */
export async function* inPages(queries: readonly MessageQuery[]): AsyncGenerator<MessageRow[]> {
  for (const query of queries) {
    let after = { created_at: 0, id: '' };
    for (;;) {
      const rows = await query
        .where((eb) => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(after.created_at, after.id)))
        .orderBy('created_at')
        .orderBy('id')
        .limit(PAGE)
        .execute();
      if (rows.length > 0) yield rows;
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) break;
      after = last;
    }
  }
}

/** What no project owns may be meant for any: it is shown only to who asks for all. */
function readInbound({ kysely }: Database, { hash, project, modes }: Subject) {
  const all = kysely
    .selectFrom('inbound_messages')
    .selectAll()
    .where('sender_hash', '=', hash)
    .where('mode', 'in', [...modes]);
  return (project === null ? all : all.where('project_id', '=', project)).orderBy('received_at').execute();
}

function viewInbound(row: Selectable<InboundMessageTable>): object {
  const { id, project_id: project, mode, channel, sender, recipient, text, at, received_at } = row;
  return {
    ...{ id, project, mode, channel, from: sender, to: recipient, text },
    at: at === null ? null : toTimestamp(at),
    received_at: toTimestamp(received_at),
  };
}
