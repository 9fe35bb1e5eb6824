import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startCountersign } from '../countersign-process.ts';
import { privateFolder } from '../rig/stores.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };

/** Tells at the end which of Node's own modules and which packages were loaded, and how much room new objects have. */
const REPORT = `
  import { writeFileSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  import { getHeapSpaceStatistics } from 'node:v8';
  const loaded = new Set();
  registerHooks({
    load(url, context, nextLoad) {
      const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? [];
      if (name) loaded.add(name);
      return nextLoad(url, context);
    },
  });
  process.on('exit', () => {
    const { physical_space_size } = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    const report = { loaded: [...loaded, ...process.moduleLoadList], newSpaceMb: physical_space_size / 2 ** 20 };
    writeFileSync(process.env.REPORT, JSON.stringify(report));
  });
`;

it('the embedded profile loads nothing before it is needed, and keeps no room that only starting took', async () => {
  const folder = privateFolder('start-up');
  const file = join(folder, 'report.json');
  const [, , ...args] = scripts.start.split(' ');
  const server = await startCountersign(
    {
      DATABASE_URL: `sqlite:${join(folder, 'countersign.db')}`,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(REPORT)}`,
      REPORT: file,
    },
    args,
  );
  expect((await server.call('GET', '/health/ready')).status).toBe(200);
  expect(await server.stop()).toBe(0);
  const { loaded, newSpaceMb }: { loaded: string[]; newSpaceMb: number } = JSON.parse(readFileSync(file, 'utf8'));
  expect(loaded).toContain('fastify');
  const heavy = /^(pg|ioredis|yaml|undici|@fastify\/(ajv-compiler|swagger)|@scalar\/.*)$|deps\/(undici|amaro)/;
  expect(loaded.filter((name) => heavy.test(name))).toEqual([]);
  // Starting takes all of it: 16 MB.
  expect(newSpaceMb).toBeLessThan(8);
});
