import { insertEvents } from '../../audit/insert-events.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { newId } from '../../lib/ids.ts';
import { senderKey } from '../consent/sender-key.ts';
import type { Handled, InboundHandler, InboundTurn } from '../inbound/inbound.ts';
import { type ConversationRow, later, ownConversations } from './conversations-table.ts';

/**
 * Everything a person writes to a number of ours is one conversation. What something else has answered begins none, but
 * belongs to the one there is.
 */
export function createConversationHandler({ dialect }: Pick<Database, 'dialect'>): InboundHandler {
  return {
    name: 'conversation',
    takesLate: true,
    async handle(turn): Promise<Handled | null> {
      const { trx, owner, who, message } = turn;
      const isForPeople = turn.takenBy === null && message.channel !== 'voice';
      const known = ownConversations(trx, owner)
        .where('address_hash', '=', who.hash)
        .where('channel', '=', message.channel)
        .where('number_key', '=', senderKey(message.recipient));
      const row = await forUpdate(dialect, known).executeTakeFirst();
      if (!row && !isForPeople) return null;
      const id = row ? await goOn(turn, row, isForPeople) : await begin(turn);
      await trx.updateTable('inbound_messages').set({ conversation_id: id }).where('id', '=', message.id).execute();
      return { takes: false, data: { conversation_id: id } };
    },
  };
}

async function begin(turn: InboundTurn): Promise<string> {
  const { trx, owner, who, message, now } = turn;
  const id = newId('cnv');
  await trx
    .insertInto('conversations')
    .values({
      id,
      ...{ project_id: owner.project, mode: owner.mode, channel: message.channel },
      ...{ address_hash: who.hash, address: who.address, address_masked: who.masked },
      ...{ number: message.recipient, number_key: senderKey(message.recipient) },
      ...{ status: 'open', assignee: null, unread: 1, last_inbound_at: message.received_at },
      ...{ last_at: message.received_at, created_at: now, updated_at: now },
    })
    .execute();
  await tellOpened(turn, id);
  return id;
}

async function goOn(turn: InboundTurn, row: ConversationRow, isForPeople: boolean): Promise<string> {
  const { trx, message, now } = turn;
  const reopens = isForPeople && row.status === 'closed';
  await trx
    .updateTable('conversations')
    .set({
      ...(isForPeople && { status: 'open', unread: row.unread + 1 }),
      last_inbound_at: Math.max(row.last_inbound_at, message.received_at),
      last_at: Math.max(row.last_at, message.received_at),
      updated_at: later(row, now),
    })
    .where('id', '=', row.id)
    .execute();
  if (reopens) await tellOpened(turn, row.id);
  return row.id;
}

function tellOpened({ trx, owner, who, message, now }: InboundTurn, id: string): Promise<void> {
  return insertEvents(trx, [
    {
      id: newId('evt'),
      type: 'conversation.opened',
      at: now,
      ...{ project: owner.project, mode: owner.mode },
      actor: 'system',
      recipient: { masked: who.masked, hash: who.hash },
      data: { conversation_id: id, channel: message.channel, to: message.recipient },
    },
  ]);
}
