import { expect, it } from 'vitest';
import type { Database } from '../../../src/db/open.ts';
import { batchTransaction } from '../../../src/db/transaction.ts';
import type { RouteDecision } from '../../../src/delivery/routing/router.ts';
import type { CampaignRow } from '../../../src/messaging/campaigns/campaign.ts';
import type { ChunkDeps } from '../../../src/messaging/campaigns/chunk-deps.ts';
import { claimChunks, insertChunks } from '../../../src/messaging/campaigns/chunks.ts';
import { endCampaign } from '../../../src/messaging/campaigns/end-campaign.ts';
import { createHandOver, type Ready } from '../../../src/messaging/campaigns/hand-over.ts';
import { addressMessage } from '../../../src/messaging/campaigns/word-recipient.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';

const NOW = Date.UTC(2026, 0, 1);
const ID = 'cmp_one';
const PRICE = 50_000;

await onEachDialect('a slice that its cap has no room for', ({ open }) => {
  /** Two people with a price of 0.05 each, and a cap for none of them; `changed` by others after it was read, or asked. */
  async function handOver(db: Database, when: 'read' | 'asked', changed: { spend_cap: number | null }) {
    const { kysely } = db;
    const change = () => kysely.updateTable('campaigns').set(changed).execute();
    await kysely
      .insertInto('campaigns')
      .values({
        ...{ id: ID, project_id: 'prj_one', mode: 'live', name: '', status: 'running', channel: 'sms', audience: '{}' },
        ...{ purpose: 'transactional', content: '{}', validity_seconds: 3_600, spend_cap: 1, spend_currency: 'EUR' },
        ...{ reserved: 0, spent: 0, recipients: 2, chunks: 1, actor: 'x', created_at: NOW, updated_at: NOW },
      })
      .execute();
    await batchTransaction(db, {}, (batch) =>
      batch.commit(insertChunks(db, ID, [{ number: 1, dueAt: NOW, reason: null }])),
    );
    const [chunk] = await claimChunks(db, [ID], NOW, 1);
    if (!chunk) throw new Error('no chunk');
    const campaign = await kysely.selectFrom('campaigns').selectAll().executeTakeFirstOrThrow();
    if (when === 'read') await change();
    let isAsked = false;
    /** Of those who would be handed over. */
    let handed = 0;
    const deps = {
      db: {
        ...db,
        async batch(options, work) {
          const answer = await db.batch(options, work);
          if (when === 'asked' && !isAsked) await change();
          isAsked = true;
          return answer;
        },
      } satisfies Database,
      bulk: {
        places: { take: async (providers: readonly string[]) => providers.map(() => () => {}) },
        deadline: () => ({ [Symbol.dispose]() {} }),
        send: async () => {
          handed += 1;
          return { kind: 'called_off' };
        },
        record: () => [],
        recorded() {},
      },
      ...{ shortener: null, slices: { size: () => 32, took() {} }, saveOutcomes: () => null, isGoing: () => true },
      scriptOf: async () => ({ content: { text: 'Hi' }, template: null, mentions: {} }),
      halt: async (given: CampaignRow, reason: string) =>
        void (await endCampaign(db, given, { status: 'paused', reason }, NOW)),
      now: () => NOW,
    } as Partial<Record<keyof ChunkDeps, unknown>> as unknown as ChunkDeps;
    const candidates = [
      { provider: 'sink', sender: 'Example', cost: { amount: '0.05', currency: 'EUR' }, buckets: [] },
    ];
    const ready = ['+33612345678', '+33612345679'].map((address, index): Ready => {
      const recipient = { contact_id: `con_${index}`, tries: 0, address, address_hash: 'x', attributes: null };
      const one = recipient as Ready['recipient'];
      const row = addressMessage(campaign, one, NOW + 1_000, NOW);
      if (!row) throw new Error('no address');
      return { recipient: one, row, variant: null, decision: { candidates } as unknown as RouteDecision };
    });
    const rest = await createHandOver(deps, campaign, chunk).run(ready);
    const { status, reserved } = await kysely.selectFrom('campaigns').selectAll().executeTakeFirstOrThrow();
    return { handed, status, reserved, reason: rest?.reason };
  }

  it('pauses the campaign', async () => {
    const found = await handOver(await open(), 'read', { spend_cap: 1 });
    expect(found).toEqual({ handed: 0, status: 'paused', reserved: 0, reason: 'spend_cap' });
  });

  it('is handed over when the cap was taken away since the campaign was read', async () => {
    const found = await handOver(await open(), 'read', { spend_cap: null });
    expect(found).toEqual({ handed: 2, status: 'running', reserved: 0, reason: null });
  });

  it.each([
    ['was taken away', null, 0],
    ['was raised for all of them', 2 * PRICE, 0],
    ['was raised for one of them', 1 + PRICE, 1],
  ])('does not pause the campaign when the cap %s while it was asked', async (_, spend_cap, handed) => {
    const found = await handOver(await open(), 'asked', { spend_cap });
    expect(found).toEqual({ handed, status: 'running', reserved: 0, reason: handed === 0 ? 'spend_cap' : null });
  });

  it('does not pause it by a cap that is no longer the one that was read', async () => {
    const found = await handOver(await open(), 'asked', { spend_cap: 2 });
    expect(found).toEqual({ handed: 0, status: 'running', reserved: 0, reason: 'spend_cap' });
  });
});
