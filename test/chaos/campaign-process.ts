import { openDatabase } from '../../src/db/open.ts';
import { createBulkPlaces } from '../../src/delivery/bulk-places.ts';
import { createBulkSender } from '../../src/delivery/messages/send-bulk.ts';
import type { SendVerdict } from '../../src/delivery/provider.ts';
import { createProviderSlots } from '../../src/delivery/provider-slots.ts';
import { createQueue } from '../../src/jobs/queue.ts';
import { openCampaigns } from '../../src/messaging/campaigns/open-campaigns.ts';

/**
 * A process that works on campaigns and nothing else, with a carrier in another process (SINK_URL), so that what the
 * carrier got is known after this one was killed. CLOCK_OFFSET_MS moves its clock: leases of the dead have ended by it.
 */
const { DATABASE_URL = '', SINK_URL = '', CLOCK_OFFSET_MS = '0' } = process.env;
const now = () => Date.now() + Number(CLOCK_OFFSET_MS);
const onError = (error: unknown) => console.error(error);
const db = await openDatabase(DATABASE_URL, { onError });

const sink = {
  name: 'sink',
  channels: ['sms'] as const,
  async send({ to, reference }: { to: string; reference: string }): Promise<SendVerdict> {
    try {
      const response = await fetch(`${SINK_URL}/${to}`, { method: 'POST', body: reference });
      if (!response.ok) return { kind: 'failed', reason: 'unavailable' };
      return { kind: 'accepted', providerId: reference };
    } catch {
      return { kind: 'outcome_unknown', reason: 'connection_lost' };
    }
  },
};
const silent = () => {};
const bulk = createBulkSender({
  db,
  queue: createQueue(db, 'messages', [1, 2]),
  find: () => sink,
  routing: { take: async () => 0, tried: silent },
  slots: createProviderSlots(),
  places: createBulkPlaces(() => null),
  now,
  log: { debug: silent, info: silent, warn: silent, error: silent },
  metrics: { tried: silent },
  choice: {
    goesByNetwork: () => false,
    route: () => ({
      ...{ version: 0, rule: null, strategy: 'ordered', skipped: [], validitySeconds: null },
      candidates: [{ provider: sink.name, sender: 'Example', cost: null, buckets: [] }],
      ...{ receiptTimeoutSeconds: 86_400, failoverAfterSeconds: null, failoverOnReceipt: false },
    }),
  },
  knownNetwork: async () => null,
  attemptsEnded: silent,
});
const { worker } = openCampaigns({
  ...{ db, bulk, now, onError, shortener: null },
  gate: async (questions) => questions.map(() => null),
  window: async (_, at) => at,
  templateReader: { find: async () => null, forget: silent },
  recordings: { find: async () => null },
});
worker.start();
process.stdout.write('ready\n');
