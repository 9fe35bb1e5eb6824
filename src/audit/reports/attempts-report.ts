import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { ClientInfo, MaskedRecipient } from '../event.ts';
import type { ReportRange } from './read-verifications.ts';
import { createTopCounts } from './top-counts.ts';

export interface AttemptsReport {
  failures: number;
  reasons: Record<string, number>;
  recipients: { recipient: MaskedRecipient; failures: number }[];
  prefixes: { prefix: string; failures: number }[];
  ips: { ip: string; failures: number }[];
  /** No number above is too low by more than this, and none too high; 0: all are exact. */
  undercount: number;
}

const PAGE = 500;

/** Failures of ours: nobody guessed wrong. */
const OURS: ReadonlySet<string> = new Set(['not_decided', 'interrupted']);

/**
 * A block of numbers is named when so many of its numbers fail: of a single one it would tell more digits than its mask
 * shows.
 */
const MIN_RECIPIENTS = 3;

/** Who fails most, from the events of failed attempts. */
export async function reportAttempts(db: Database, range: ReportRange, limit: number): Promise<AttemptsReport> {
  const reasons = new Map<string, number>();
  const recipients = createTopCounts<MaskedRecipient>();
  const prefixes = createTopCounts<Set<string>>();
  const ips = createTopCounts<null>();
  let failures = 0;

  for await (const page of readFailures(db, range)) {
    for (const { reason, recipient, prefix, ip } of page) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      if (OURS.has(reason)) continue;
      failures += 1;
      if (recipient) recipients.add(recipient.hash, () => recipient);
      if (ip !== null) ips.add(ip, () => null);
      if (prefix === null || !recipient) continue;
      const numbers = prefixes.add(prefix, () => new Set());
      if (numbers.size < MIN_RECIPIENTS) numbers.add(recipient.hash);
    }
  }

  return {
    failures,
    reasons: Object.fromEntries([...reasons].sort(([, a], [, b]) => b - a)),
    recipients: recipients
      .top()
      .slice(0, limit)
      .map(({ detail, count }) => ({ recipient: detail, failures: count })),
    prefixes: prefixes
      .top()
      .filter(({ detail }) => detail.size >= MIN_RECIPIENTS)
      .slice(0, limit)
      .map(({ key, count }) => ({ prefix: key, failures: count })),
    ips: ips
      .top()
      .slice(0, limit)
      .map(({ key, count }) => ({ ip: key, failures: count })),
    undercount: Math.max(recipients.undercount(), prefixes.undercount(), ips.undercount()),
  };
}

interface Failure {
  reason: string;
  /** Null: erased. */
  recipient: MaskedRecipient | null;
  /** Of the number, all but its last four digits; null: the verification is not kept any more. */
  prefix: string | null;
  /** Of the person, as the app told it. */
  ip: string | null;
}

async function* readFailures({ kysely }: Database, { project, mode, since, until }: ReportRange) {
  const inRange = kysely
    .selectFrom('events')
    .select(['position', 'created_at', 'verification_id', 'recipient_masked', 'recipient_hash', 'client', 'data'])
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    // In these words, for the index of failures.
    .where('type', '=', sql.lit('verification.attempt_failed'))
    .where('created_at', '<', until)
    .orderBy('created_at')
    .orderBy('position')
    .limit(PAGE);
  let after = { created_at: since, position: 0 };
  for (;;) {
    const rows = await inRange
      .where((eb) => eb(eb.refTuple('created_at', 'position'), '>', eb.tuple(after.created_at, after.position)))
      .execute();
    const last = rows.at(-1);
    if (!last) return;
    const numbers = await readNumbers(
      kysely,
      rows.flatMap(({ verification_id }) => verification_id ?? []),
    );
    yield rows.map(({ verification_id, recipient_masked: masked, recipient_hash: hash, client, data }): Failure => {
      const { reason } = JSON.parse(data) as { reason?: string };
      const { ip } = (client === null ? {} : JSON.parse(client)) as ClientInfo;
      const number = verification_id === null ? undefined : numbers.get(verification_id);
      return {
        reason: reason ?? 'unknown',
        recipient: masked === null || hash === null ? null : { masked, hash },
        prefix: number?.slice(0, -4) ?? null,
        ip: ip ?? null,
      };
    });
    if (rows.length < PAGE) return;
    after = last;
    await nextTurn();
  }
}

async function readNumbers(kysely: Database['kysely'], verifications: readonly string[]): Promise<Map<string, string>> {
  if (verifications.length === 0) return new Map();
  const ids = [...new Set(verifications)];
  const rows = await kysely.selectFrom('verifications').select(['id', 'recipient']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, recipient }) => [id, recipient]));
}
