import type { Database } from '../db/open.ts';
import { statement } from '../db/statement.ts';
import { type Begun, type IdempotencyStore, KEPT_MS, LEASE_MS } from './idempotency-store.ts';

interface Fresh {
  key: string;
  fingerprint: string;
  seed: string;
  now: number;
}

/** On both dialects. Every step is one statement that changes the row only if it is still the one that was read. */
export function createSqlIdempotencyStore({ kysely }: Database): IdempotencyStore {
  const insert = statement<Fresh, { key: string }>((of) =>
    kysely
      .insertInto('idempotency')
      .values({
        key: of(({ key }) => key),
        fingerprint: of(({ fingerprint }) => fingerprint),
        seed: of(({ seed }) => seed),
        response: null,
        leased_until: of(({ now }) => now + LEASE_MS),
        expires_at: of(({ now }) => now + KEPT_MS),
      })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .returning('key'),
  );

  /** The key was used before: by whom, and does that still count? */
  async function decide({ key, fingerprint, seed, now }: Fresh): Promise<Begun> {
    const leasedUntil = now + LEASE_MS;
    const row = await kysely.selectFrom('idempotency').selectAll().where('key', '=', key).executeTakeFirst();
    // Swept away in between: whoever comes next finds it free.
    if (!row) return { kind: 'running', leasedUntil };
    const expired = row.expires_at <= now;
    if (!expired) {
      if (row.fingerprint !== fingerprint) return { kind: 'mismatch' };
      if (row.response !== null) return { kind: 'done', answer: row.response };
      if (row.leased_until > now) return { kind: 'running', leasedUntil: row.leased_until };
    }
    const lease = { leased_until: leasedUntil };
    const taken = await kysely
      .updateTable('idempotency')
      .set(expired ? { ...lease, fingerprint, seed, response: null, expires_at: now + KEPT_MS } : lease)
      .where('key', '=', key)
      .where('leased_until', '=', row.leased_until)
      .where('expires_at', '=', row.expires_at)
      .returning('seed')
      .executeTakeFirst();
    return taken ? { kind: 'run', seed: taken.seed, leasedUntil } : { kind: 'running', leasedUntil };
  }

  return {
    async begin(key, fingerprint, seed, now) {
      const fresh = { key, fingerprint, seed, now };
      const { rows } = await kysely.executeQuery(insert(fresh));
      return rows.length > 0 ? { kind: 'run', seed, leasedUntil: now + LEASE_MS } : decide(fresh);
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
  };
}
