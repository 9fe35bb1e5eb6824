import { type Kysely, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { lookUp } from '../../db/row-set.ts';
import type { Schema } from '../../db/schema.ts';
import type { InboundRow, NumberOwners } from '../../delivery/messages/keep-inbound.ts';
import { senderKey } from '../consent/sender-key.ts';
import type { Owner } from '../consent/subject.ts';

/** By the numbers that projects have claimed. */
export function createNumberOwners(db: Kysely<Schema>): NumberOwners {
  return async (numbers) => {
    const keys = [...new Set(numbers.map(senderKey))];
    const rows = await db.selectFrom('numbers').selectAll().where('number_key', 'in', keys).execute();
    const owners = new Map(rows.map(({ number_key, project_id: project, mode }) => [number_key, { project, mode }]));
    return new Map(
      numbers.flatMap((number) => {
        const owner = owners.get(senderKey(number));
        return owner ? [[number, owner]] : [];
      }),
    );
  };
}

/** Looked at of one person, newest first. */
const LOOKED_AT = 200;

/** Of a number that nobody has claimed: the project that has last written to this phone from it. */
export async function findLastWriter(
  { kysely, dialect }: Pick<Database, 'kysely' | 'dialect'>,
  { sender_hash: hash, mode, recipient }: InboundRow,
): Promise<Owner | null> {
  const { rows: sent } = await sql<{ project: string; sender: string | null }>`
    select m.project_id as project, a.sender
    from messages m ${lookUp(dialect, 'message_attempts', 'a', sql`a.message_id = m.id`)}
    where m.recipient_hash = ${hash} and m.mode = ${mode} order by m.created_at desc limit ${LOOKED_AT}
  `.execute(kysely);
  const by = senderKey(recipient);
  const last = sent.find(({ sender }) => sender !== null && senderKey(sender) === by);
  return last ? { project: last.project, mode } : null;
}
