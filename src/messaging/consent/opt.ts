import type { AuditEvent, EventType } from '../../audit/event.ts';
import { toEventRow } from '../../audit/events-table.ts';
import type { Batch } from '../../db/batch.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { InboundRow } from '../../delivery/messages/keep-inbound.ts';
import type { Channel } from '../../lib/channels.ts';
import { newId } from '../../lib/ids.ts';
import type { ConsentRow } from './consent.ts';
import type { ReadReply } from './keywords/read-reply.ts';
import { type ConsentSaid, toEntry, writeEntries } from './record-consents.ts';
import { senderKey } from './sender-key.ts';
import type { ConsentSettings } from './settings.ts';
import type { ConsentStatements } from './statements.ts';
import type { Addressee, Owner } from './subject.ts';
import { ANY, type SuppressionRow } from './suppression.ts';

export interface Reply {
  inbound: InboundRow;
  who: Addressee;
  read: ReadReply;
  at: number;
}

/**
 * Ends marketing to an address: unless the project says otherwise by every channel and sender, as 47 CFR 64.1200(a)(10)
 * has a revocation hold for calls and texts alike. True: it is this reply's doing, so that it is confirmed, once.
 */
export function optOut(
  db: Database,
  statements: ConsentStatements,
  owner: Owner,
  reply: Reply,
  scope: ConsentSettings['stopScope'],
): Promise<boolean> {
  return batchTransaction(db, {}, async (batch) => {
    const isItsDoing = await writeOptOut(db, statements, batch, owner, reply, scope);
    await batch.commit();
    return isItsDoing;
  });
}

/** In the caller's transaction. */
export async function writeOptOut(
  db: Database,
  statements: ConsentStatements,
  batch: Pick<Batch, 'run'>,
  owner: Owner,
  reply: Reply,
  scope: ConsentSettings['stopScope'],
): Promise<boolean> {
  const { inbound, who, read } = reply;
  const row = toSuppression(owner, reply, scope);
  const [[added], kept, consents] = await batch.run(
    statements.insertSuppressions([row]),
    stopsOf(db, owner, who).compile(),
    forUpdate(db.dialect, marketingOf(db, owner, who)).compile(),
  );
  if (!added) {
    // A clear word after a doubtful one settles it.
    const doubtful = read.certain ? kept.filter(({ review }) => review === 1) : [];
    const ids = doubtful.map(({ id }) => id);
    await batch.run(settled(db, ids));
    return kept.some(({ cause }) => cause === inbound.id);
  }
  // Of one sender it is no revocation: others may go on.
  const open = consents.filter(({ state }) => state !== 'revoked');
  const channels = scope === 'sender' ? [] : channelsOf(inbound, open);
  const said = channels.map((channel) => {
    const before = open.find((consent) => consent.channel === channel);
    return toSaid(reply, channel, 'revoked', before?.state === 'granted');
  });
  await writeSaid(statements, batch, owner, reply, said);
  const event = optEvent('recipient.opted_out', owner, reply, { review: !read.certain });
  await batch.run(statements.insertEvents([toEventRow(event) as never]));
  return true;
}

/** Takes a STOP back, and restores what it revoked. True: there was something to take back. */
export function optIn(db: Database, statements: ConsentStatements, owner: Owner, reply: Reply): Promise<boolean> {
  return batchTransaction(db, {}, async (batch) => {
    const isTakenBack = await writeOptIn(db, statements, batch, owner, reply);
    await batch.commit();
    return isTakenBack;
  });
}

/** In the caller's transaction. */
export async function writeOptIn(
  db: Database,
  statements: ConsentStatements,
  batch: Pick<Batch, 'run'>,
  owner: Owner,
  reply: Reply,
): Promise<boolean> {
  const { inbound, who } = reply;
  const [gone, consents] = await batch.run(
    db.kysely
      .deleteFrom('suppressions')
      .where('address_hash', '=', who.hash)
      .where('project_id', '=', owner.project)
      .where('mode', '=', owner.mode)
      .where('reason', 'in', ['stop', 'voice_key', 'carrier'])
      // What concerns another number is not taken back by writing to this one.
      .where('sender', 'in', [ANY, senderKey(inbound.recipient)])
      .returning('id')
      .compile(),
    forUpdate(db.dialect, marketingOf(db, owner, who)).compile(),
  );
  if (gone.length === 0) return false;
  const said = consents
    .filter(({ state, resumes }) => state === 'revoked' && resumes === 1)
    .map(({ channel }) => toSaid(reply, channel as Channel, 'granted', false));
  await writeSaid(statements, batch, owner, reply, said);
  await batch.run(statements.insertEvents([toEventRow(optEvent('recipient.opted_in', owner, reply, {})) as never]));
  return true;
}

/** One entry for each message, project and channel, however often it is taken. */
export function writeSaid(
  statements: ConsentStatements,
  batch: Pick<Batch, 'run'>,
  owner: Owner,
  { inbound, at }: Reply,
  said: readonly ConsentSaid[],
): Promise<void> {
  const by = { ...owner, actor: 'system' };
  const entries = said.map((one) => toEntry(by, one, at, `${inbound.id}\0${owner.project}\0${one.channel}`));
  return writeEntries(statements, batch, entries, said, at);
}

function stopsOf({ kysely }: Database, { project, mode }: Owner, { hash }: Addressee) {
  return kysely
    .selectFrom('suppressions')
    .select(['id', 'cause', 'review'])
    .where('address_hash', '=', hash)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('reason', '=', 'stop');
}

function marketingOf({ kysely }: Database, { project, mode }: Owner, { hash }: Addressee) {
  return kysely
    .selectFrom('consents')
    .selectAll()
    .where('address_hash', '=', hash)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('purpose', '=', 'marketing')
    .orderBy('channel');
}

function settled({ kysely }: Database, ids: readonly string[]) {
  return ids.length === 0
    ? null
    : kysely.updateTable('suppressions').set({ review: 0 }).where('id', 'in', ids).compile();
}

/** The one it came by, and all that the address had said yes to. */
function channelsOf(inbound: InboundRow, consents: readonly ConsentRow[]): Channel[] {
  return [...new Set([inbound.channel, ...consents.map(({ channel }) => channel)])] as Channel[];
}

export function toSaid(
  { inbound, who, read, at }: Reply,
  channel: Channel,
  state: 'granted' | 'revoked',
  resumes: boolean,
): ConsentSaid {
  const proof = {
    text: inbound.text,
    to: inbound.recipient,
    inbound_id: inbound.id,
    rule: read.rule,
    certain: read.certain,
  };
  return {
    who,
    channel,
    purpose: 'marketing',
    state,
    source: 'keyword',
    doubleOptIn: false,
    wording: null,
    proof,
    at,
    resumes,
  };
}

function toSuppression(
  { project, mode }: Owner,
  { inbound, who, read, at }: Reply,
  scope: ConsentSettings['stopScope'],
): SuppressionRow {
  return {
    id: newId('sup'),
    project_id: project,
    mode,
    address_hash: who.hash,
    channel: ANY,
    purpose: 'marketing',
    sender: scope === 'sender' ? senderKey(inbound.recipient) : ANY,
    reason: 'stop',
    review: read.certain ? 0 : 1,
    address: who.address,
    note: null,
    cause: inbound.id,
    proof: JSON.stringify({ text: inbound.text, to: inbound.recipient, rule: read.rule }),
    actor: 'system',
    created_at: at,
  };
}

function optEvent(
  type: Extract<EventType, 'recipient.opted_out' | 'recipient.opted_in'>,
  { project, mode }: Owner,
  { inbound, who, read, at }: Reply,
  data: { review?: boolean },
): AuditEvent {
  return {
    id: newId('evt'),
    type,
    at,
    ...{ project, mode },
    actor: 'system',
    recipient: { masked: who.masked, hash: who.hash },
    data: { channel: inbound.channel, by: 'keyword', rule: read.rule, inbound_id: inbound.id, ...data },
  };
}
