import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { privateFolder } from '../rig/stores.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/test.ts', import.meta.url));
const PASSING = "it('a', () => {}); it('b', () => {});";

/** `npm test` in a folder that holds these test files. */
function run(files: Record<string, string>, ci: boolean): { last: string | undefined; status: number | null } {
  const root = privateFolder('tests');
  for (const [name, source] of Object.entries(files)) writeFileSync(join(root, `${name}.test.js`), source);
  const { PATH, HOME } = process.env;
  const { stdout, status } = spawnSync(process.execPath, [SCRIPT, '--root', root, '--globals'], {
    env: { PATH, HOME, ...(ci && { CI: 'true' }) },
    encoding: 'utf8',
  });
  return { last: stdout.trimEnd().split('\n').at(-1), status };
}

it.each<[string, Record<string, string>, boolean, string, number]>([
  ['all is well', { one: PASSING, two: PASSING }, true, '4 passed, 0 failed', 0],
  ['a test fails', { one: `${PASSING} it('c', () => { throw new Error('no'); });` }, false, '2 passed, 1 failed', 1],
  ['a file cannot be loaded', { one: PASSING, two: "import './nothing.js';" }, false, '2 passed, 1 failed', 1],
  [
    'an error belongs to no test',
    { one: `${PASSING} Promise.reject(new Error('late'));` },
    false,
    '2 passed, 1 failed',
    1,
  ],
  ['there are no tests', {}, false, '0 passed, 1 failed', 1],
  ['a test is skipped', { one: `${PASSING} it.skip('c', () => {});` }, false, '2 passed, 0 failed, 1 skipped', 0],
  ['a test is skipped in CI', { one: `${PASSING} it.skip('c', () => {});` }, true, '2 passed, 0 failed, 1 skipped', 1],
])('the last line and the exit code are right when %s', (_, files, ci, last, status) => {
  expect(run(files, ci)).toEqual({ last, status });
});
