import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type CountersignProcess, eventually, startCountersign } from '../../countersign-process.ts';
import { describeWith, freshDatabase } from '../../rig/stores.ts';

const ENTRY = fileURLToPath(new URL('../../chaos/sending-process.ts', import.meta.url));
const LEASE_MS = 31_000;
const ROWS = 16_000;
const KILLS = 2;

for (const [dialect, needs] of [
  ['sqlite', []],
  ['postgres', ['postgres']],
] as const) {
  await describeWith(needs, `an import whose processes are killed, ${dialect}`, () => {
    it('has every row once in the end', { timeout: 120_000 }, async () => {
      const env = {
        DATABASE_URL: (await freshDatabase(dialect)).url,
        COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
        COUNTERSIGN_API_KEY: `cs_test_${randomBytes(24).toString('base64url')}`,
        SINK_URL: 'http://127.0.0.1:9',
      };
      /** The leases of those killed before have ended by its clock. */
      const start = (round: number) => startCountersign({ ...env, CLOCK_OFFSET_MS: String(round * LEASE_MS) }, [ENTRY]);

      let service: CountersignProcess = await start(0);
      const lines = Array.from({ length: ROWS }, (_, at) => `k-${at},+3361${String(at).padStart(7, '0')}\n`);
      const response = await fetch(`${service.url}/v1/contacts/import?tags=killed`, {
        method: 'POST',
        headers: { authorization: `Bearer ${service.key}`, 'content-type': 'text/csv' },
        body: `id,phone\n${lines.join('')}`,
      });
      expect(response.status).toBe(202);
      const { id } = (await response.json()) as { id: string };
      const read = async () => (await service.call('GET', `/v1/contacts/imports/${id}`)).body;

      let rows = 0;
      for (let round = 1; round <= KILLS; round += 1) {
        rows = await eventually(async () => {
          const { rows: now } = await read();
          return now > rows && now;
        }, 30);
        await service.stop('SIGKILL');
        service = await start(round);
      }
      // It was killed in the middle, not after the end.
      expect(rows).toBeLessThan(ROWS);
      const done = await eventually(async () => {
        const found = await read();
        return found.ended_at !== null && found;
      }, 60);
      expect(done).toMatchObject({ status: 'completed', rows: ROWS, created: ROWS, updated: 0, failed: 0 });
      const { body } = await service.call('POST', '/v1/segments/preview', { filter: { tag: 'killed' }, sample: 0 });
      expect(body.count).toBe(ROWS);
      await service.stop();
    });
  });
}
