import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { privateFolder } from '../rig/stores.ts';

let folder: string;
beforeEach(() => {
  folder = privateFolder('strip-types');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  mkdirSync(join(folder, 'src'));
  cpSync('scripts/strip-types.js', join(folder, 'scripts/strip-types.js'));
  write(
    'main.ts',
    `import { word } from './word.ts';\nconsole.log(word as string, process.moduleLoadList.some(isStripper));
    function isStripper(name: string): boolean { return name.includes('amaro'); }`,
  );
  write('word.ts', "export const word: string = 'first';");
});

const write = (name: string, source: string) => writeFileSync(join(folder, 'src', name), source);
const run = () =>
  execFileSync(process.execPath, ['--import', './scripts/strip-types.js', 'src/main.ts'], {
    cwd: folder,
    encoding: 'utf8',
  }).trim();

it('the source runs without the stripper in memory, from the first time on', () => {
  expect(run()).toBe('first false');
  expect(run()).toBe('first false');
});

it('a change is seen at the next start, and so is its reversal', () => {
  run();
  write('word.ts', "export const word: string = 'second';");
  expect(run()).toBe('second false');
  write('word.ts', "export const word: string = 'first';");
  expect(run()).toBe('first false');
});

it('errors name the place in the source', () => {
  write('word.ts', "export const word: string = 'x';\n\n  throw new Error('here');");
  expect(run).toThrow(/src\/word\.ts:3/);
});

it('packages, old ones too, are found as Node finds them', () => {
  const inPackage = (name: string, files: Record<string, string>) => {
    const place = join(folder, 'node_modules', name);
    mkdirSync(place, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(place, file), content);
  };
  inPackage('new', {
    'package.json': '{"type":"module","exports":{"./part":"./part.js"}}',
    'part.js': "import { half } from './half.js'; import whole from 'old'; export const part = half + whole;",
    'half.js': "export const half = 'half';",
  });
  inPackage('old', {
    'package.json': '{"main":"lib"}',
    'lib.js': "module.exports = require('./word') + require('./data');",
    'word.js': "module.exports = 'whole';",
    'data.json': '1',
  });
  write(
    'word.ts',
    "import whole from 'old';\nimport { part } from 'new/part';\nexport const word: string = part + whole;",
  );
  expect(run()).toBe('halfwhole1whole1 false');
});

it('a cache that cannot be written costs memory only', () => {
  writeFileSync(join(folder, 'node_modules'), 'in the way');
  expect(run()).toBe('first true');
});

it('no draft is left behind', () => {
  run();
  const cache = join(folder, 'node_modules/.cache/stripped-types');
  expect(readdirSync(cache).filter((name) => !name.endsWith('.js'))).toEqual([]);
});
