import { hash, type KeyObject } from 'node:crypto';
import type { Actor } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction, writeTransaction } from '../../db/transaction.ts';
import type { MessageInserts, NewMessage } from '../../delivery/messages/create.ts';
import type { MessageRow } from '../../delivery/messages/load.ts';
import { hashRecipient, readRecipient } from '../../delivery/messages/recipient.ts';
import type { Shortener } from '../../delivery/messages/short-links.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { encodeId } from '../../lib/ids.ts';
import type { CampaignRow } from './campaign.ts';
import { campaignEvent } from './campaign-event.ts';
import { NOBODY, readContacts } from './read-contacts.ts';
import { addressMessage, type Script, wordRecipient } from './word-recipient.ts';

export interface TestSend {
  to: readonly string[];
  /** As whom they are addressed: with the attributes and in the language. */
  contactId: string | null;
  variant: string | null;
  /** Of the request: its repetition sends nothing. */
  seed: string;
}

export interface TestSendDeps {
  db: Database;
  hashKey: KeyObject;
  messages: Pick<MessageInserts, 'inserts'>;
  queue: Pick<JobQueue, 'wake'>;
  shortener: Shortener | null;
}

export type TestSent = { kind: 'sent'; message: MessageRow } | { kind: 'refused'; reason: string };

const VALIDITY_MS = 86_400_000;

/**
 * What the campaign says, to addresses of the project's own choice, worded as for its recipients. They are messages by
 * themselves: no part of the campaign's ledger, its figures or its money, told by their metadata, and transactional, for
 * nobody is advertised to.
 */
export async function sendTests(
  deps: TestSendDeps,
  campaign: CampaignRow,
  script: Script,
  { to, contactId, variant, seed }: TestSend,
  actor: Actor,
  now: number,
): Promise<TestSent[]> {
  const { db, messages, queue } = deps;
  const [contact = NOBODY] = contactId === null ? [] : await readContacts(db, campaign, [contactId]);
  const made: NewMessage[] = [];
  const found = to.map((given): number | string => {
    const worded = wordTest(given);
    return typeof worded === 'string' ? worded : made.push(worded) - 1;
  });
  const { rows, statements } = await messages.inserts(made);
  await batchTransaction(db, {}, (batch) => batch.commit(...statements));
  queue.wake();
  await writeTransaction(db, {}, (trx) =>
    insertEvents(trx, [
      campaignEvent('campaign.tested', campaign, actor, now, {
        messages: rows.length,
        ...(variant !== null && { variant }),
      }),
    ]),
  );
  return found.map((one) => {
    const message = typeof one === 'string' ? undefined : rows[one];
    return message ? { kind: 'sent', message } : { kind: 'refused', reason: String(one) };
  });

  function wordTest(given: string): NewMessage | string {
    const recipient = readRecipient(campaign.channel, given);
    if (!recipient) return 'invalid_address';
    const { address } = recipient;
    const addressed = { ...contact, address, address_hash: hashRecipient(deps.hashKey, recipient) };
    const row = addressMessage(campaign, addressed, now + VALIDITY_MS, now);
    if (!row) return 'invalid_address';
    const id = `msg_${encodeId(hash('sha256', `test\0${seed}\0${address}`, 'buffer').subarray(0, 26))}`;
    const own = { ...row, id, actor: actor.id, campaign_id: null, contact_id: null };
    const worded = wordRecipient(script, own, contact.attributes, deps.shortener, now);
    if (worded.kind === 'skipped') return worded.reason;
    const metadata = JSON.stringify({ campaign_test: campaign.id });
    return { row: { ...worded.row, purpose: 'transactional', metadata }, links: worded.links };
  }
}
