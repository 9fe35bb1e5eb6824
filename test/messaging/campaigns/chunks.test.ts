import { expect, it } from 'vitest';
import type { Database } from '../../../src/db/open.ts';
import { batchTransaction } from '../../../src/db/transaction.ts';
import { LEASE_MS } from '../../../src/messaging/campaigns/campaign.ts';
import { claimChunks, claimLostChunks, insertChunks, markChunk } from '../../../src/messaging/campaigns/chunks.ts';
import { reserve, type Settlement, settle } from '../../../src/messaging/campaigns/spend.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';

const NOW = Date.UTC(2026, 0, 1);

function handOut({ kysely }: Database, id: string, leasedUntil: number) {
  return kysely
    .insertInto('campaign_chunks')
    .values({
      ...{ id, campaign_id: 'cmp_one', number: 1, phase: 'handed', handed_to: 'con_z', due_at: leasedUntil },
      ...{ claim: 1, reserved: 0, unsettled: ',', reason: null },
    })
    .execute();
}

await onEachDialect('a chunk that is being handed over', ({ open }) => {
  it('is not taken for lost by a look that began before its mark, or by a clock that goes a little slow', async () => {
    const db = await open();
    await handOut(db, 'marked-later', NOW + LEASE_MS + 1);
    await handOut(db, 'clock-ahead', NOW + 2 * LEASE_MS);
    expect(await claimLostChunks(db, NOW, 10)).toEqual([]);
  });

  it('is lost at the end of its lease, and when its lease is of a clock that has been set back', async () => {
    const db = await open();
    await handOut(db, 'left', NOW);
    await handOut(db, 'set-back', NOW + 2 * LEASE_MS + 1);
    const lost = await claimLostChunks(db, NOW, 10);
    expect(lost.map(({ id }) => id).sort()).toEqual(['left', 'set-back']);
  });
});

await onEachDialect('the money of a chunk', ({ open }) => {
  /** Running, with a cap of 100 and one chunk. */
  async function begin(db: Database) {
    const id = 'cmp_one';
    await db.kysely
      .insertInto('campaigns')
      .values({
        ...{ id, project_id: 'prj_one', mode: 'live', name: '', status: 'running', channel: 'sms', audience: '{}' },
        ...{ purpose: 'marketing', content: '{}', validity_seconds: 3_600, spend_cap: 100, spend_currency: 'EUR' },
        ...{ reserved: 0, spent: 0, recipients: 2, chunks: 1, actor: 'x', created_at: NOW, updated_at: NOW },
      })
      .execute();
    await batchTransaction(db, {}, (batch) =>
      batch.commit(insertChunks(db, id, [{ number: 1, dueAt: NOW, reason: null }])),
    );
    const [chunk] = await claimChunks(db, [id], NOW, 1);
    if (!chunk) throw new Error('no chunk');
    return {
      chunk,
      mark: (slice: number, reserved: number) =>
        batchTransaction(db, {}, async (batch) => {
          const mark = { handedTo: 'con_z', slice, reserved, leasedUntil: NOW + LEASE_MS };
          await batch.commit(reserve(db, id, reserved), markChunk(db, chunk, mark));
        }),
      settle: (settlement: Settlement) =>
        batchTransaction(db, {}, (batch) => batch.commit(...settle(db, chunk, settlement))),
      async money() {
        const campaign = db.kysely.selectFrom('campaigns').select(['reserved', 'spent']);
        const row = db.kysely.selectFrom('campaign_chunks').select(['reserved', 'unsettled']);
        const [{ reserved, spent }, left] = [await campaign.executeTakeFirstOrThrow(), await row.executeTakeFirst()];
        return { reserved, spent, left: left?.reserved, unsettled: left?.unsettled };
      },
    };
  }

  it('is settled once, however often it is written because nobody knows whether it was', async () => {
    const one = await begin(await open());
    await one.mark(0, 10);
    await one.mark(1, 10);
    for (let write = 0; write < 2; write += 1) await one.settle({ slice: 0, reserved: 10, spent: 7 });
    expect(await one.money()).toEqual({ reserved: 10, spent: 7, left: 10, unsettled: ',1,' });
    await one.mark(10, 20);
    await one.settle({ slice: 1, reserved: 10, spent: 10 });
    for (let write = 0; write < 2; write += 1) await one.settle({ slice: 10, reserved: 20, spent: 0 });
    expect(await one.money()).toEqual({ reserved: 0, spent: 17, left: 0, unsettled: ',' });
  });

  it('that a lost process had reserved counts as spent, and is not given back by it afterwards', async () => {
    const db = await open();
    const one = await begin(db);
    await one.mark(0, 10);
    await one.mark(1, 20);
    const [lost] = await claimLostChunks(db, NOW + LEASE_MS, 1);
    if (!lost) throw new Error('none is lost');
    await batchTransaction(db, {}, (batch) =>
      batch.commit(...settle(db, lost, { slice: null, reserved: lost.reserved, spent: lost.reserved })),
    );
    await one.settle({ slice: 0, reserved: 10, spent: 0 });
    expect(await one.money()).toEqual({ reserved: 0, spent: 30, left: 0, unsettled: ',' });
  });
});
