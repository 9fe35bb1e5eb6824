import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkArchitecture } from './house/check-architecture.ts';
import { importsOf } from './house/imports.ts';
import { privateFolder } from './rig/stores.ts';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

it('the source keeps to the architecture', () => {
  expect(checkArchitecture(SRC)).toEqual([]);
});

/** A source folder that holds nothing but these files. */
function plant(files: Record<string, string>): string {
  const src = privateFolder('src');
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(src, file)), { recursive: true });
    writeFileSync(join(src, file), source);
  }
  return src;
}

const lines = (count: number) => 'export const x = 1;\n'.repeat(count);

describe('the checker catches', () => {
  it.each<[string, string, string, string]>([
    ['lib importing', 'lib/a.ts', "import { b } from '../db/b.ts';", 'lib must not import db (db/b.ts)'],
    ['a type import', 'db/a.ts', "import type { B } from '../verify/b.ts';", 'db must not import verify (verify/b.ts)'],
    ['a re-export', 'audit/a.ts', "export * from '../verify/b.ts';", 'audit must not import verify (verify/b.ts)'],
    ['an import for its effects', 'db/a.ts', "import '../audit/b.ts';", 'db must not import audit (audit/b.ts)'],
    ['a dynamic import', 'lib/a.ts', "const b = await import('../http/b.ts');", 'lib must not import http (http/b.ts)'],
    ['an imported type', 'lib/a.ts', "let b: import('../db/b.ts').B;", 'lib must not import db (db/b.ts)'],
    [
      'several lines',
      'verify/a.ts',
      "import {\n  b,\n  c,\n} from '../delivery/b.ts';",
      'verify must not import delivery (delivery/b.ts)',
    ],
    [
      'delivery importing verify',
      'delivery/x/a.ts',
      "import { b } from '../../verify/b.ts';",
      'delivery must not import verify (verify/b.ts)',
    ],
    [
      'http importing a feature',
      'http/a.ts',
      "import { b } from '../projects/b.ts';",
      'http must not import projects (projects/b.ts)',
    ],
    [
      'a feature importing another',
      'tokens/a.ts',
      "import { b } from '../projects/b.ts';",
      'tokens must not import projects (projects/b.ts)',
    ],
    [
      'a feature importing the wiring',
      'verify/a.ts',
      "import { b } from '../config.ts';",
      'imports config.ts, but nothing imports the wiring',
    ],
    [
      'an import of the tests',
      'lib/a.ts',
      "import { b } from '../../test/b.ts';",
      'imports ../test/b.ts, which is outside of src',
    ],
    [
      'logic importing Fastify',
      'verify/check.ts',
      "import type { A } from 'fastify';",
      'imports fastify: only routes, http/, console/, plugin.ts and app.ts know Fastify',
    ],
    [
      'logic importing a plugin',
      'verify/check.ts',
      "import a from '@fastify/helmet';",
      'imports @fastify/helmet: only routes, http/, console/, plugin.ts and app.ts know Fastify',
    ],
    ['process.env', 'lib/a.ts', 'export const a = process.env.A;', 'reads the environment: only config.ts does'],
    ['process["env"]', 'main.ts', "export const a = process['env'].A;", 'reads the environment: only config.ts does'],
    [
      'env taken from process',
      'lib/a.ts',
      'const { argv, env } = process;',
      'reads the environment: only config.ts does',
    ],
    ['env imported', 'lib/a.ts', "import { env } from 'node:process';", 'reads the environment: only config.ts does'],
    [
      'a default export',
      'verify/routes.ts',
      'export default function a() {}',
      'has a default export: only Fastify plugins have one',
    ],
    [
      'a renamed default export',
      'verify/a.ts',
      'const a = 1;\nexport { a as default };',
      'has a default export: only Fastify plugins have one',
    ],
    ['a long file', 'verify/a.ts', lines(401), 'has 401 lines, 400 are allowed'],
    ['camelCase', 'verify/checkCode.ts', '', 'its name is not in kebab-case'],
    ['snake_case', 'verify/check_code.ts', '', 'its name is not in kebab-case'],
    ['an unknown folder', 'misc/a.ts', '', 'misc/ is not a folder of the architecture'],
    ['a folder of a layer', 'verify/utils/a.ts', '', 'a folder is named after a feature, not utils'],
    ['logic in src itself', 'check.ts', '', 'src itself holds the wiring only'],
  ])('%s', (_, file, source, what) => {
    // Short files beside it keep the median down.
    const others = { 'lib/one.ts': '', 'lib/two.ts': '' };
    expect(checkArchitecture(plant({ ...others, [file]: source }))).toEqual([`${file}: ${what}`]);
  });

  it('files that are long on the whole', () => {
    const src = plant({ 'lib/a.ts': lines(10), 'lib/b.ts': lines(101), 'lib/c.ts': lines(120) });
    expect(checkArchitecture(src)).toEqual([expect.stringContaining('the median file has 101 lines')]);
  });
});

it('the checker lets through what is allowed', () => {
  const src = plant({
    'main.ts': "import { a } from './app.ts';\nimport { b } from './lib/b.ts';",
    'app.ts': "import Fastify from 'fastify';\nimport { a } from './verify/a.ts';",
    'plugin.ts': "import type { A } from 'fastify';\nexport default a;",
    'config.ts': 'export const a = process.env.A;',
    'lib/b.ts': "// process.env is for config.ts; import { a } from '../db/a.ts'\nimport { b } from 'node:fs';",
    'db/migrations/0001-first.ts': "import { b } from '../../lib/b.ts';",
    'db/schema.ts': lines(500),
    'verify/a.ts': "/** import x from '../delivery/x.ts' */\nimport { e } from '../audit/event.ts';\nimport './b.ts';",
    'verify/token-routes.ts': "import type { A } from 'fastify';\nimport { h } from '../http/h.ts';",
    'console/pages.ts': "import { a } from 'fastify';\nimport { s } from '../delivery/sandbox.ts';",
  });
  expect(checkArchitecture(src)).toEqual([]);
});

it('the parser finds every form of import', () => {
  const source = `
    import a from './a.ts';
    import { b, type B } from "./b.ts";
    import * as c from './c.ts';
    import './d.ts';
    export { e } from './e.ts';
    export type * from './f.ts';
    const g = await import('./g.ts');
    // import h from './h.ts';
    const text = "https://example.com/from";
  `;
  expect(importsOf(source).sort()).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts', './g.ts']);
});
