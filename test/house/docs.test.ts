import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigFileSchema, readConfig } from '../../src/config.ts';
import { problems } from '../../src/lib/errors.ts';
import { PolicySchema } from '../../src/verify/policy.ts';
import { environmentOf } from './environment-of.ts';

const pages = ['README.md', ...globSync('docs/**/*.md')];
const textOf = (page: string) => readFileSync(page, 'utf8');

describe.each(pages)('%s', (page) => {
  const text = textOf(page);

  it('links to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    const local = links.filter((target) => !/^https?:/.test(target));
    expect(local.filter((target) => !existsSync(join(dirname(page), target)))).toEqual([]);
  });

  it('names files that are there', () => {
    const paths = [...text.matchAll(/`((?:src|test|scripts|bench|docs)\/[^`\s]*)`/g)].map(([, path = '']) => path);
    expect(paths.filter((path) => globSync(path).length === 0)).toEqual([]);
  });
});

it('README and pages name scripts that are there', () => {
  const { scripts } = JSON.parse(textOf('package.json'));
  const named = pages.flatMap((page) => [...textOf(page).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name));
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

it('docs/errors.md is the table of errors', () => {
  const rows = rowsOf('docs/errors.md').map(([code, status, title]) => [code, Number(status), title]);
  const table = Object.entries(problems).map(([code, [status, title]]) => [`\`${code}\``, status, title]);
  expect(rows).toEqual(table);
});

describe('docs/configuration.md', () => {
  const rows = new Map(
    rowsOf('docs/configuration.md').map(([name = '', ...cells]) => [name.replaceAll('`', ''), cells]),
  );

  it('lists the variables, the members of the file and those of the policy, and nothing else', () => {
    const file = leavesOf(ConfigFileSchema).map(({ path }) => path);
    const policy = leavesOf(PolicySchema, 'policy').map(({ path }) => path);
    expect([...rows.keys()].sort()).toEqual([...environmentOf(readConfig), ...file, ...policy].sort());
  });

  it.each([...leavesOf(ConfigFileSchema), ...leavesOf(PolicySchema, 'policy')])('$path', ({ path, schema }) => {
    const [meaning, defaultCell, bounds] = rows.get(path) ?? [];
    if (schema.default !== undefined) expect(defaultCell).toBe(`\`${JSON.stringify(schema.default)}\``);
    if (path.startsWith('policy.') && schema.minimum !== undefined) {
      expect(bounds).toBe(`${schema.minimum}–${schema.maximum}`);
    }
    const choices = schema.anyOf?.flatMap(({ const: choice }) => choice ?? []) ?? [];
    if (path !== 'policy.hash_preset') for (const choice of choices) expect(meaning).toContain(`\`${choice}\``);
  });
});

describe('docs/requirements.md', () => {
  const rows = rowsOf('docs/requirements.md');

  it('has every requirement once', () => {
    const ids = [
      ...[...range('OTP', 35), ...range('API', 30), ...range('TOK', 10), ...range('WH', 22)],
      ...[...range('AUD', 21), ...range('PRV', 8), ...range('MSG', 16)],
    ];
    expect(rows.map(([id]) => id)).toEqual(ids);
  });

  it.each(rows)('%s is proved by a test or has a reason', (_, __, proof = '') => {
    expect(proof).toMatch(/`test\/\S+\.test\.ts`|^Not /);
  });
});

it('every guarantee names the test that shows it, or says that there is none', () => {
  const proofs = rowsOf('docs/guarantees.md').map((cells) => cells.at(-1) ?? '');
  expect(proofs.filter((proof) => !/`test\/\S+\.ts`|^not tested$/.test(proof))).toEqual([]);
});

it('decisions are numbered without gaps', () => {
  const numbers = globSync('docs/decisions/*.md').map((path) => Number(basename(path).slice(0, 4)));
  expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
});

/** Cells of all tables of a page, without their heads. */
function rowsOf(page: string): string[][] {
  const lines = textOf(page).split('\n');
  return lines
    .filter((line, at) => line.startsWith('| ') && !lines[at + 1]?.startsWith('|---'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

interface Schema {
  properties?: Record<string, object>;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  anyOf?: { const?: string }[];
}

function leavesOf(given: object, path = ''): { path: string; schema: Schema }[] {
  const schema = given as Schema;
  if (!schema.properties) return [{ path, schema }];
  return Object.entries(schema.properties).flatMap(([name, member]) =>
    leavesOf(member, path ? `${path}.${name}` : name),
  );
}

function range(prefix: string, last: number): string[] {
  return Array.from({ length: last }, (_, index) => `${prefix}-${String(index + 1).padStart(2, '0')}`);
}
