import { expect, it } from 'vitest';
import type { Database } from '../../../src/db/open.ts';
import { LEASE_MS } from '../../../src/messaging/campaigns/campaign.ts';
import { claimLostChunks } from '../../../src/messaging/campaigns/chunks.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';

const NOW = Date.UTC(2026, 0, 1);

function handOut({ kysely }: Database, id: string, leasedUntil: number) {
  return kysely
    .insertInto('campaign_chunks')
    .values({
      ...{ id, campaign_id: 'cmp_one', number: 1, phase: 'handed', handed_to: 'con_z', due_at: leasedUntil },
      ...{ claim: 1, reserved: 0, reason: null },
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
