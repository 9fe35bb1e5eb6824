import type { CompiledQuery } from 'kysely';
import { sql } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import type { Database } from '../../db/open.ts';
import { rowSet } from '../../db/row-set.ts';
import type { OptOutTable } from '../../db/schema/recordings.ts';
import { newId } from '../../lib/ids.ts';
import { readContent } from './content.ts';
import type { Target } from './find-targets.ts';
import type { MessageRow } from './load.ts';

/** Who wants no more messages of a project by call. Codes are not asked about: whoever wants none does not ask for one. */

const OPT_OUT = {
  project_id: 'text',
  mode: 'text',
  channel: 'text',
  recipient_hash: 'text',
  message_id: 'text',
  created_at: 'bigint',
} as const;

/** The messages whose recipients have pressed the key for it. */
export function findOptOuts(messages: readonly MessageRow[], targets: readonly Target[]): MessageRow[] {
  const said = new Set(
    targets.filter(({ receipt }) => receipt.reason === 'opted_out').map(({ messageId }) => messageId),
  );
  return messages.filter(({ id, content }) => said.has(id) && readContent(content).call?.optOutKey !== undefined);
}

/** Answers with those that are new. */
export function insertOptOuts(
  { kysely, dialect }: Database,
  messages: readonly MessageRow[],
  now: number,
): CompiledQuery<{ message_id: string }> | null {
  if (messages.length === 0) return null;
  const rows = messages.map(
    ({ id, project_id, mode, channel, recipient_hash }): OptOutTable => ({
      ...{ project_id, mode, channel, recipient_hash },
      message_id: id,
      created_at: now,
    }),
  );
  const names = sql.join(Object.keys(OPT_OUT).map((name) => sql.ref(name)));
  return sql<{ message_id: string }>`
    insert into opt_outs (${names}) select ${names} from ${rowSet(dialect, OPT_OUT, rows as never)} where true
    on conflict do nothing returning message_id
  `.compile(kysely);
}

export function optOutEvent(message: MessageRow, at: number): AuditEvent {
  return {
    id: newId('evt'),
    type: 'recipient.opted_out',
    at,
    project: message.project_id,
    mode: message.mode,
    actor: 'system',
    messageId: message.id,
    recipient: { masked: message.recipient_masked, hash: message.recipient_hash },
    data: { channel: message.channel, by: 'key', provider: message.provider },
  };
}

export async function hasOptedOut(
  { kysely }: Database,
  { project_id, mode, channel, recipient_hash }: MessageRow,
): Promise<boolean> {
  const found = await kysely
    .selectFrom('opt_outs')
    .select('created_at')
    .where('recipient_hash', '=', recipient_hash)
    .where('project_id', '=', project_id)
    .where('mode', '=', mode)
    .where('channel', '=', channel)
    .executeTakeFirst();
  return found !== undefined;
}
