import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { eventually } from '../../countersign-process.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber } from '../../service.ts';
import { type CampaignRig, openCampaignRig } from './campaign-rig.ts';

const PROCESS = fileURLToPath(new URL('../../chaos/campaign-process.ts', import.meta.url));
/** More than a lease: whoever comes after the dead need not wait for theirs. */
const STEP_MS = 31_000;
/** What a campaign may have under way at a carrier that takes 64 at once. */
const PLACES = 32;
const SEED = 20_27;

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A carrier that outlives whoever sends: how often each number was sent something. */
async function openCarrier(onMessage: () => void) {
  const got = new Map<string, number>();
  const server: Server = createServer((request, response) => {
    const to = (request.url ?? '').slice(1);
    got.set(to, (got.get(to) ?? 0) + 1);
    onMessage();
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

for (const [profile, needs, people, kills] of [
  ['embedded', [], 1_000, 3],
  ['postgres', ['postgres'], 6_000, 20],
] as const) {
  await describeWith(needs, `a campaign whose processes are killed (${profile})`, () => {
    const running = new Set<ChildProcess>();
    const started: ChildProcess[] = [];
    let rig: CampaignRig | undefined;
    let ended = false;
    afterEach(async () => {
      ended = true;
      for (const child of started) child.kill('SIGKILL');
      await rig?.api.close();
    });

    it(`skips nobody, sends nobody anything twice and is in doubt about few, ${kills} kills`, {
      timeout: 240_000,
    }, async () => {
      const random = seeded(SEED);
      let deaths = 0;
      let left = 1 + Math.floor(random() * 60);
      const carrier = await openCarrier(() => {
        left -= 1;
        const victims = [...running];
        const victim = victims[Math.floor(random() * victims.length)];
        if (left > 0 || deaths === kills || !victim) return;
        deaths += 1;
        left = 1 + Math.floor(random() * 60);
        running.delete(victim);
        victim.kill('SIGKILL');
      });
      rig = await openCampaignRig(profile);
      const { api } = rig;
      api.clock.now = Date.now();

      const numbers = Array.from({ length: people }, () => newNumber());
      const upload = await api.app.inject({
        method: 'POST',
        url: '/v1/contacts/import?tags=everybody',
        headers: { authorization: `Bearer ${api.key}`, 'content-type': 'text/csv' },
        payload: `phone\n${numbers.join('\n')}\n`,
      });
      expect(upload.statusCode).toBe(202);
      await api.services.imports.worker.runDue();
      const id = await rig.create({ audience: { tags: ['everybody'] }, text: 'Hello' });
      await rig.start(id);

      const { databaseUrl } = api.services.config;
      let born = 0;
      function start(): void {
        const child = spawn(process.execPath, [PROCESS], {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: {
            PATH: process.env.PATH,
            DATABASE_URL: databaseUrl,
            SINK_URL: carrier.url,
            CLOCK_OFFSET_MS: String(born * STEP_MS),
          },
        });
        born += 1;
        child.stdout?.once('data', () => running.add(child));
        child.once('exit', () => {
          running.delete(child);
          if (!ended) start();
        });
        started.push(child);
      }
      start();
      // On SQLite one process has the file.
      if (profile !== 'embedded') start();

      const done = await eventually(async () => {
        const found = await rig?.read(id);
        return found?.status === 'completed' && found;
      }, 200);
      ended = true;
      for (const child of started) child.kill('SIGKILL');
      carrier.close();

      expect(deaths).toBe(kills);
      const ledger = await api.services.db.kysely
        .selectFrom('campaign_recipients')
        .innerJoin('contact_addresses', 'contact_addresses.contact_id', 'campaign_recipients.contact_id')
        .select(['address', 'state', 'reason'])
        .where('campaign_id', '=', id)
        .execute();
      expect(ledger).toHaveLength(people);
      const wrong = ledger.filter(({ address, state }) => {
        const times = carrier.got.get(address) ?? 0;
        return state === 'sent' ? times !== 1 : state === 'unknown' ? times > 1 : true;
      });
      expect(wrong).toEqual([]);
      const neverLeft = ledger.filter(({ address, state }) => state === 'unknown' && !carrier.got.has(address));
      expect(neverLeft.length).toBeLessThanOrEqual(kills * PLACES);
      expect(done.counts.sent).toBeGreaterThan(people / 4);
      expect(done.counts.sent + done.counts.unknown).toBe(people);
    });
  });
}
