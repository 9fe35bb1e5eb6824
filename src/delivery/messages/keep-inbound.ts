import type { KeyObject } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { InboundMessageTable } from '../../db/schema/inbound.ts';
import { newId } from '../../lib/ids.ts';
import type { Mode } from '../../lib/mode.ts';
import { hashPhone } from '../../lib/phone.ts';
import { storable, storableTime } from '../call-provider.ts';
import type { InboundMessage } from '../provider.ts';

export type InboundRow = Selectable<InboundMessageTable>;

export interface InboundOwner {
  project: string;
  mode: Mode;
}

/** Whose these numbers of ours are, by the spelling that was asked with; those that nobody has are missing. */
export type NumberOwners = (numbers: readonly string[]) => Promise<ReadonlyMap<string, InboundOwner>>;

const MAX_TEXT = 10_000;
/** Whoever kept it acts on it; should that process die, another does after this. */
const LOOK_AGAIN_MS = 10_000;

/** Keeps messages from phones, each once however often the carrier sends it; answers with them as they are kept. */
export async function keepInbound(
  { kysely }: Database,
  hashKey: KeyObject,
  provider: string,
  messages: readonly InboundMessage[],
  now: number,
  owners: Awaited<ReturnType<NumberOwners>> = new Map(),
): Promise<InboundRow[]> {
  if (messages.length === 0) return [];
  const rows = messages.map((message, place) => {
    const sender = storable(message.from);
    const owner = owners.get(message.to);
    return {
      id: newId('msg'),
      provider,
      provider_id: storable(message.providerId),
      project_id: owner?.project ?? null,
      mode: owner?.mode ?? ('live' as const),
      channel: message.channel,
      sender,
      sender_hash: hashPhone(hashKey, sender),
      recipient: storable(message.to),
      text: message.text.toWellFormed().replaceAll('\0', '').slice(0, MAX_TEXT),
      at: storableTime(message.at),
      received_at: now,
      place,
      due_at: now + LOOK_AGAIN_MS,
      tries: 0,
      consent_at: null,
      handled_at: null,
      handled_by: null,
      reason: null,
      replies: 0,
      conversation_id: null,
    };
  });
  await kysely
    .insertInto('inbound_messages')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['provider', 'provider_id']).doNothing())
    .execute();
  return kysely
    .selectFrom('inbound_messages')
    .selectAll()
    .where('provider', '=', provider)
    .where(
      'provider_id',
      'in',
      rows.map(({ provider_id }) => provider_id),
    )
    .orderBy('received_at')
    .orderBy('place')
    .execute();
}
