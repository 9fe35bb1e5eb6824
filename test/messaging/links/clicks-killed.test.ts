import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually, startCountersign } from '../../countersign-process.ts';
import { freshDatabase, privateFolder } from '../../rig/stores.ts';

const WRITTEN = 30;
const LAST = 10;
const BROWSER = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  accept: 'text/html,application/xhtml+xml',
  'accept-language': 'de',
};

it('a process that is killed takes its last clicks with it, and none that were written, and none counts twice', async () => {
  const file = join(privateFolder('config'), 'countersign.json');
  writeFileSync(file, JSON.stringify({ links: { base_url: 'https://go.example' } }));
  const env = {
    DATABASE_URL: (await freshDatabase('sqlite')).url,
    COUNTERSIGN_CONFIG: file,
    COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
    COUNTERSIGN_API_KEY: `cs_test_${randomBytes(24).toString('base64url')}`,
  };
  let service = await startCountersign(env);
  const { body: link } = await service.call('POST', '/v1/links', { url: 'https://shop.example/' });
  const path = link.short_url.replace('https://go.example', '/l');
  const follow = async (times: number) => {
    const go = () => fetch(`${service.url}${path}`, { headers: BROWSER, redirect: 'manual' });
    for (const { status } of await Promise.all(Array.from({ length: times }, go))) expect(status).toBe(302);
  };
  const clicks = async () => (await service.call('GET', `/v1/links/${link.id}`)).body.clicks;

  await follow(WRITTEN);
  await eventually(async () => (await clicks()) === WRITTEN);
  await follow(LAST);
  await service.stop('SIGKILL');
  service = await startCountersign(env);
  const left = await clicks();
  expect(left).toBeGreaterThanOrEqual(WRITTEN);
  expect(left).toBeLessThanOrEqual(WRITTEN + LAST);
  await follow(1);
  await eventually(async () => (await clicks()) === left + 1);
  await service.stop();
});
