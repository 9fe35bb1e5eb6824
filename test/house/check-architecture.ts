import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { importsOf, withoutComments } from './imports.ts';

/** Which folders each folder may import. Files directly in src are the wiring: they may import everything. */
const ARROWS: Record<string, readonly string[]> = {
  lib: [],
  db: ['lib'],
  jobs: ['lib', 'db'],
  audit: ['lib', 'db', 'http'],
  http: ['lib', 'db'],
  verify: ['lib', 'db', 'audit', 'http'],
  delivery: ['lib', 'db', 'jobs', 'audit', 'http'],
  projects: ['lib', 'db', 'audit', 'http'],
  tokens: ['lib', 'db', 'audit', 'http'],
  factors: ['lib', 'db', 'audit', 'http', 'verify'],
  console: ['lib', 'db', 'audit', 'http', 'verify', 'delivery', 'projects', 'tokens'],
  webhooks: ['lib', 'db', 'jobs', 'audit', 'http'],
  messaging: ['lib', 'db', 'jobs', 'audit', 'http', 'delivery'],
  privacy: ['lib', 'db', 'audit', 'http'],
  client: ['lib'],
};

const WIRING = [
  'main',
  'app',
  'plugin',
  'open',
  'work',
  'index',
  'open-redis',
  'open-privacy',
  'open-messaging',
  'cli',
  'config',
  'development-secrets',
];

const LAYERS = ['controllers', 'services', 'models', 'utils', 'helpers', 'common', 'shared'];

const MAX_LINES = 400;
const MAX_MEDIAN_LINES = 100;

/** Data rather than logic. */
const TABLES = /^(?:db\/schema(?:\/[^/]+)?|lib\/errors|delivery\/wording\/locales\/[^/]+)\.ts$/;

/** Whatever the house rules find wrong with a source folder, one line each: `file: what`. */
export function checkArchitecture(src: string): string[] {
  const files = globSync('**/*.ts', { cwd: src }).sort();
  const found = files.flatMap((file) => {
    const source = readFileSync(join(src, file), 'utf8');
    return [
      ...checkPlace(file),
      ...checkName(file),
      ...checkArrows(file, source),
      ...checkFastify(file, source),
      ...checkEnvironment(file, source),
      ...checkExports(file, source),
      ...checkLength(file, source),
    ].map((what) => `${file}: ${what}`);
  });
  return [...found, ...checkMedian(src, files)];
}

function checkPlace(file: string): string[] {
  const folders = dirname(file).split('/');
  const layer = folders.find((folder) => LAYERS.includes(folder));
  if (layer) return [`a folder is named after a feature, not ${layer}`];
  if (folders[0] === '.') return WIRING.includes(basename(file, '.ts')) ? [] : ['src itself holds the wiring only'];
  return folders[0] !== undefined && folders[0] in ARROWS ? [] : [`${folders[0]}/ is not a folder of the architecture`];
}

function checkName(file: string): string[] {
  return /^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(file)
    ? []
    : ['its name is not in kebab-case'];
}

function checkArrows(file: string, source: string): string[] {
  const from = folderOf(file);
  if (from === null) return [];
  const allowed = [from, ...(ARROWS[from] ?? [])];
  return importsOf(source)
    .filter((target) => target.startsWith('.'))
    .map((target) => normalize(join(dirname(file), target)))
    .flatMap((target) => {
      if (target.startsWith('..')) return [`imports ${target}, which is outside of src`];
      const to = folderOf(target);
      if (to === null) return [`imports ${target}, but nothing imports the wiring`];
      return allowed.includes(to) ? [] : [`${from} must not import ${to} (${target})`];
    });
}

const folderOf = (file: string): string | null => (file.includes('/') ? (file.split('/')[0] ?? null) : null);

/** Logic that knows nothing of HTTP can be called from anywhere. */
function checkFastify(file: string, source: string): string[] {
  const name = basename(file, '.ts');
  const mayUse =
    /^(?:http|console)\//.test(file) ||
    name === 'routes' ||
    name.endsWith('-routes') ||
    /^(?:plugin|app)\.ts$/.test(file);
  if (mayUse) return [];
  return importsOf(source)
    .filter((target) => /^(?:@fastify\/|fastify(?:\/|$)|@scalar\/fastify)/.test(target))
    .map((target) => `imports ${target}: only routes, http/, console/, plugin.ts and app.ts know Fastify`);
}

function checkEnvironment(file: string, source: string): string[] {
  if (file === 'config.ts') return [];
  const code = withoutComments(source);
  const reads = /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*\[|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/.test(code);
  const imports = /\{[^}]*\benv\b[^}]*\}\s*from\s*['"](?:node:)?process['"]/.test(code);
  return reads || imports ? ['reads the environment: only config.ts does'] : [];
}

function checkExports(file: string, source: string): string[] {
  if (file === 'plugin.ts') return [];
  const found = /^\s*export\s+default\b|\bas\s+default\b/m.test(withoutComments(source));
  return found ? ['has a default export: only Fastify plugins have one'] : [];
}

function checkLength(file: string, source: string): string[] {
  const lines = countLines(source);
  return lines > MAX_LINES && !TABLES.test(file) ? [`has ${lines} lines, ${MAX_LINES} are allowed`] : [];
}

function checkMedian(src: string, files: string[]): string[] {
  const lengths = files
    .filter((file) => !TABLES.test(file))
    .map((file) => countLines(readFileSync(join(src, file), 'utf8')))
    .sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  return median > MAX_MEDIAN_LINES ? [`${relative('', src) || '.'}: the median file has ${median} lines`] : [];
}

function countLines(source: string): number {
  return source.trimEnd().split('\n').length;
}
