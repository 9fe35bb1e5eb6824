import type { Selectable, SelectQueryBuilder } from 'kysely';
import type { Database } from '../../db/open.ts';
import { readPages } from '../../db/read-pages.ts';
import type { InboundMessageTable } from '../../db/schema/inbound.ts';
import type { Schema } from '../../db/schema.ts';
import { toTimestamp } from '../../lib/clock.ts';
import type { Collect, Subject, SubjectRecord } from '../../lib/subject.ts';
import type { MessageRow } from './load.ts';
import { readMessage } from './read-messages.ts';
import { viewStory } from './view.ts';

/** A person's messages with their tries and receipts, and what they wrote. */
export function createMessageCollector(db: Database): Collect {
  return async function* collect(subject): AsyncGenerator<SubjectRecord> {
    for await (const rows of readPages(messagesTo(db, subject))) {
      for (const { id, project_id: project, mode } of rows) {
        const story = await readMessage(db, { id, project, mode });
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
