import { setImmediate as nextTurn } from 'node:timers/promises';
import { jsonMember } from '../../db/json-member.ts';
import type { Database } from '../../db/open.ts';
import { readPages } from '../../db/read-pages.ts';
import type { Mode } from '../event.ts';

/** Of one project and mode, from `since` (inclusive) to `until` (exclusive), ms. */
export interface ReportRange {
  project: string;
  mode: Mode;
  since: number;
  until: number;
}

/** What a report counts of one verification. */
export interface CountedVerification {
  createdAt: number;
  country: string | null;
  attempts: number;
  /** ms; null when it is not approved. */
  approvedAfterMs: number | null;
  sends: CountedSend[];
}

export interface CountedSend {
  channel: string;
  provider: string | null;
  /** Handed to a carrier, whatever became of it. */
  isSent: boolean;
  /** A carrier took it, as far as anybody can tell. */
  isCarried: boolean;
  isDelivered: boolean;
  cost: { amount: string; currency: string } | null;
}

/**
 * Page by page in the order of creation, so that nobody waits for a long report: SQLite works on this very thread. A
 * verification that changes meanwhile is counted as it was read.
 */
export async function* readVerifications(
  { kysely, dialect }: Database,
  { project, mode, since, until }: ReportRange,
): AsyncGenerator<CountedVerification[]> {
  const inRange = kysely
    .selectFrom('verifications')
    .select(['id', 'status', 'attempts', 'sends', 'created_at', 'ended_at'])
    .select(jsonMember(dialect, 'facts', 'country').as('country'))
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('created_at', '<', until);
  for await (const rows of readPages(inRange, since)) {
    const messages = await readMessages(
      kysely,
      rows.map(({ id }) => id),
    );
    yield rows.map((row) => ({
      createdAt: row.created_at,
      country: row.country,
      attempts: row.attempts,
      approvedAfterMs: row.status === 'approved' && row.ended_at !== null ? row.ended_at - row.created_at : null,
      sends: (JSON.parse(row.sends) as StoredSend[]).map((send, index) =>
        toCountedSend(send, messages.get(`${row.id} ${index}`)),
      ),
    }));
    await nextTurn();
  }
}

/** Of verify's `Send`. */
interface StoredSend {
  channel: string;
  status: string;
  provider?: string;
}

type Message = Awaited<ReturnType<typeof selectMessages>>[number];

function selectMessages(kysely: Database['kysely'], verifications: readonly string[]) {
  return kysely
    .selectFrom('messages')
    .select(['verification_id', 'send_index', 'provider', 'status', 'cost_amount', 'cost_currency'])
    .where('verification_id', 'in', verifications)
    .execute();
}

/** By verification and index of the send. */
async function readMessages(kysely: Database['kysely'], verifications: readonly string[]) {
  const rows = await selectMessages(kysely, verifications);
  return new Map(rows.map((row) => [`${row.verification_id} ${row.send_index}`, row]));
}

const CARRIED = new Set(['sent', 'delivered', 'unknown']);
const ARRIVED = new Set(['delivered', 'read']);

/** The message may know more: receipts reach it after the verification's end too. */
function toCountedSend({ channel, status, provider }: StoredSend, message: Message | undefined): CountedSend {
  const { cost_amount: amount = null, cost_currency: currency = null } = message ?? {};
  return {
    channel,
    provider: message?.provider ?? provider ?? null,
    isSent: status !== 'queued' && status !== 'skipped',
    isCarried: CARRIED.has(status),
    isDelivered: ARRIVED.has(status) || (message !== undefined && ARRIVED.has(message.status)),
    cost: amount === null || currency === null ? null : { amount, currency },
  };
}
