import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { fromEventRow } from '../../src/audit/events-table.ts';
import { makeLeaf } from '../../src/audit/log/leaf.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService } from '../service.ts';

await describeWith(['postgres'], 'an erasure while the sealer is at it', () => {
  it('waits, so that no salt of an erased event is left', async () => {
    const service = await openTestService('postgres');
    const { kysely } = service.services.db;
    const to = newNumber();
    await service.call('POST', '/v1/verifications', { to });
    await service.settled();
    await service.services.auditLog.sealer.sealAll();
    await service.call('POST', '/v1/verifications', { to: newNumber() });
    const { body } = await service.call('POST', '/v1/messages', { to, text: 'hello' });
    await service.call('POST', '/v1/privacy/erasures', { to });

    let erased: Promise<void> | undefined;
    // As the sealer does it: events are read first, their leaves written later.
    await kysely.transaction().execute(async (trx) => {
      const { size } = await trx.selectFrom('audit_state').select('size').forUpdate().executeTakeFirstOrThrow();
      const row = await trx
        .selectFrom('events')
        .selectAll()
        .where('message_id', '=', body.id)
        .executeTakeFirstOrThrow();
      const leaf = makeLeaf(fromEventRow(row));
      erased = service.services.privacy.worker.runDue();
      await Promise.race([erased, blocked()]);
      const { id: event_id, project_id, mode, type, created_at, position } = row;
      await trx
        .insertInto('audit_leaves')
        .values({
          ...{ log_index: size, event_id, project_id, mode, type, created_at },
          salt: leaf.salt?.toString('base64url') ?? null,
          commitment: leaf.commitment?.toString('base64url') ?? null,
          hash: leaf.hash.toString('base64url'),
        })
        .execute();
      await trx.deleteFrom('unsealed_events').where('position', '=', position).execute();
    });
    await erased;
    const leaf = await kysely
      .selectFrom('audit_leaves')
      .innerJoin('events', 'events.id', 'audit_leaves.event_id')
      .where('message_id', '=', body.id)
      .select(['salt', 'commitment', 'recipient_hash'])
      .execute();
    expect(leaf).toEqual([{ salt: null, commitment: expect.any(String), recipient_hash: null }]);
    await service.close();

    async function blocked(): Promise<void> {
      for (;;) {
        const { rows } = await sql`
          select 1 from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0
        `.execute(kysely);
        if (rows.length > 0) return;
      }
    }
  });
});
