import type { Database } from '../db/open.ts';
import type { IdempotencyTable } from '../db/schema.ts';
import { statement } from '../db/statement.ts';
import { type Begun, type IdempotencyStore, KEPT_MS, type KeptAnswers, LEASE_MS } from './idempotency-store.ts';

const PAGE = 200;

/** On both dialects. Every step is one statement that changes the row only if it is still the one that was read. */
export function createSqlIdempotencyStore({ kysely }: Database): IdempotencyStore & KeptAnswers {
  const insert = statement((row: IdempotencyTable) =>
    kysely
      .insertInto('idempotency')
      .values(row)
      .onConflict((conflict) => conflict.column('key').doNothing())
      .returning('key'),
  );

  /** The key was used before: by whom, and does that still count? */
  async function decide(fresh: IdempotencyTable, now: number): Promise<Begun> {
    const { key, leased_until: leasedUntil } = fresh;
    const row = await kysely.selectFrom('idempotency').selectAll().where('key', '=', key).executeTakeFirst();
    // Swept away in between: whoever comes next finds it free.
    if (!row) return { kind: 'running', leasedUntil };
    const expired = row.expires_at <= now;
    if (!expired) {
      if (row.fingerprint !== fresh.fingerprint) return { kind: 'mismatch' };
      if (row.response !== null) return { kind: 'done', answer: row.response };
      if (row.leased_until > now) return { kind: 'running', leasedUntil: row.leased_until };
    }
    const taken = await kysely
      .updateTable('idempotency')
      .set(expired ? fresh : { leased_until: leasedUntil })
      .where('key', '=', key)
      .where('leased_until', '=', row.leased_until)
      .where('expires_at', '=', row.expires_at)
      .returning('seed')
      .executeTakeFirst();
    return taken ? { kind: 'run', seed: taken.seed, leasedUntil } : { kind: 'running', leasedUntil };
  }

  return {
    async begin(key, fingerprint, seed, now) {
      const leasedUntil = now + LEASE_MS;
      const fresh = { key, fingerprint, seed, response: null, leased_until: leasedUntil, expires_at: now + KEPT_MS };
      const { rows } = await kysely.executeQuery(insert(fresh));
      return rows.length > 0 ? { kind: 'run', seed, leasedUntil } : decide(fresh, now);
    },
    async finish(key, answer, now) {
      const kept = await kysely
        .updateTable('idempotency')
        .set({ response: answer, expires_at: now + KEPT_MS })
        .where('key', '=', key)
        .where('response', 'is', null)
        .returning('key')
        .executeTakeFirst();
      if (kept) return answer;
      const row = await kysely.selectFrom('idempotency').select('response').where('key', '=', key).executeTakeFirst();
      return row?.response ?? answer;
    },
    async release(key, leasedUntil) {
      await kysely
        .updateTable('idempotency')
        .set({ leased_until: 0 })
        .where('key', '=', key)
        .where('leased_until', '=', leasedUntil)
        .where('response', 'is', null)
        .execute();
    },
    async *answers() {
      for (let after = ''; ; ) {
        const rows = await kysely
          .selectFrom('idempotency')
          .select(['key', 'response'])
          .where('key', '>', after)
          .orderBy('key')
          .limit(PAGE)
          .execute();
        yield rows.flatMap(({ key, response }) => (response === null ? [] : [{ key, answer: response }]));
        const last = rows.at(-1);
        if (!last || rows.length < PAGE) return;
        after = last.key;
      }
    },
    async replaceAnswer(key, by) {
      await kysely
        .updateTable('idempotency')
        .set({ response: by })
        .where('key', '=', key)
        .where('response', 'is not', null)
        .execute();
    },
  };
}
