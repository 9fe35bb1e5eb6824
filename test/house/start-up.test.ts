import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startCountersign } from '../countersign-process.ts';
import { privateFolder } from '../rig/stores.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };

/** Tells at the end which of Node's own modules and which packages were loaded. */
const REPORT = `
  import { writeFileSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({
    load(url, context, nextLoad) {
      const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? [];
      if (name) loaded.add(name);
      return nextLoad(url, context);
    },
  });
  process.on('exit', () => writeFileSync(process.env.LOADED, JSON.stringify([...loaded, ...process.moduleLoadList])));
`;

it('the embedded profile loads nothing before it is needed', async () => {
  const folder = privateFolder('start-up');
  const LOADED = join(folder, 'loaded.json');
  const [, , ...args] = scripts.start.split(' ');
  const server = await startCountersign(
    {
      DATABASE_URL: `sqlite:${join(folder, 'countersign.db')}`,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(REPORT)}`,
      LOADED,
    },
    args,
  );
  expect((await server.call('GET', '/health/ready')).status).toBe(200);
  expect(await server.stop()).toBe(0);
  const loaded: string[] = JSON.parse(readFileSync(LOADED, 'utf8'));
  expect(loaded).toContain('fastify');
  const heavy = /^(pg|ioredis|yaml|undici|@fastify\/swagger|@scalar\/.*)$|internal\/deps\/(undici|amaro)/;
  expect(loaded.filter((name) => heavy.test(name))).toEqual([]);
});
