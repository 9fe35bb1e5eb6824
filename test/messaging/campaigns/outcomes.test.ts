import { expect, it } from 'vitest';
import type { Database } from '../../../src/db/open.ts';
import { batchTransaction } from '../../../src/db/transaction.ts';
import type { BulkSender, SentMessage } from '../../../src/delivery/messages/send-bulk.ts';
import { LEASE_MS } from '../../../src/messaging/campaigns/campaign.ts';
import { claimChunks, insertChunks } from '../../../src/messaging/campaigns/chunks.ts';
import { loadRecipients } from '../../../src/messaging/campaigns/load-recipients.ts';
import { createSaveOutcomes, stand, type Written, writeOutcomes } from '../../../src/messaging/campaigns/outcomes.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';

const NOW = Date.UTC(2026, 0, 1);
const ID = 'cmp_one';

/** Running, with three people in one chunk. */
async function begin(db: Database) {
  const { kysely } = db;
  await kysely
    .insertInto('campaigns')
    .values({
      ...{ id: ID, project_id: 'prj_one', mode: 'live', name: '', status: 'running', channel: 'sms', audience: '{}' },
      ...{ purpose: 'marketing', content: '{}', validity_seconds: 3_600, reserved: 0, spent: 0, recipients: 3 },
      ...{ chunks: 1, actor: 'x', created_at: NOW, updated_at: NOW },
    })
    .execute();
  const people = ['con_a', 'con_b', 'con_c'].map((contact_id) => ({ campaign_id: ID, contact_id }));
  await kysely
    .insertInto('campaign_recipients')
    .values(people.map((one) => ({ ...one, chunk: 1, state: 'waiting' as const, tries: 0, updated_at: NOW })))
    .execute();
  await batchTransaction(db, {}, (batch) =>
    batch.commit(insertChunks(db, ID, [{ number: 1, dueAt: NOW, reason: null }])),
  );
  const campaign = await kysely.selectFrom('campaigns').selectAll().where('id', '=', ID).executeTakeFirstOrThrow();
  const recorded: SentMessage[] = [];
  const bulk = { record: () => [], recorded: (sent) => recorded.push(...sent) } as Partial<BulkSender> as BulkSender;
  const saveOutcomes = createSaveOutcomes(db);
  return {
    campaign,
    recorded,
    async claim(now: number) {
      const [chunk] = await claimChunks(db, [ID], now, 1);
      if (!chunk) throw new Error('no chunk');
      return { chunk, waiting: await loadRecipients(db, campaign, chunk, 10) };
    },
    write: (written: Omit<Written, 'campaign'>) => writeOutcomes({ db, bulk, saveOutcomes }, { campaign, ...written }),
    async standings() {
      const query = kysely.selectFrom('campaign_recipients').select(['contact_id', 'chunk', 'state']);
      return (await query.orderBy('contact_id').execute()).map(({ chunk, state }) => `${chunk} ${state}`);
    },
    async numbers() {
      const rows = await kysely.selectFrom('campaign_chunks').select('number').orderBy('number').execute();
      return rows.map(({ number }) => number);
    },
  };
}

await onEachDialect('what became of recipients', ({ open }) => {
  const at = NOW + LEASE_MS + 1;

  it('is not written by whoever slept through the lease, but for what was sent: others have them in hand', async () => {
    const { campaign, recorded, claim, write, standings, numbers } = await begin(await open());
    const { chunk, waiting } = await claim(NOW);
    await claim(at);
    const [sent, moved, blocked] = waiting;
    if (!sent || !moved || !blocked) throw new Error('nobody waits');
    const message = { row: { id: 'msg_one' } } as SentMessage;
    await write({
      ...{ chunk, settled: [stand(campaign, blocked, 'blocked', 'opted_out', at)] },
      later: [{ outcome: stand(campaign, moved, 'waiting', 'outside_window', at), at }],
      sent: [{ outcome: stand(campaign, sent, 'sent', null, at), message }],
    });
    expect(await standings()).toEqual(['1 sent', '1 waiting', '1 waiting']);
    expect(await numbers()).toEqual([1]);
    expect(recorded).toEqual([message]);
  });

  it('moves nobody twice when it is written again because nobody knows whether it was', async () => {
    const { campaign, claim, write, standings } = await begin(await open());
    const { chunk, waiting } = await claim(NOW);
    const soon = NOW + 1_000;
    const later = waiting.map((one) => ({ outcome: stand(campaign, one, 'waiting', 'rate_limited', NOW), at: soon }));
    await write({ chunk, settled: [], later });
    // Another process has the new chunk in hand by now.
    expect((await claim(soon)).waiting).toHaveLength(3);
    await write({ chunk, settled: [], later });
    expect(await standings()).toEqual(['2 waiting', '2 waiting', '2 waiting']);
  });
});
