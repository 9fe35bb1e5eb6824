import { existsSync, globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { expect, it } from 'vitest';
import { importsOf } from './imports.ts';

const lock = readFileSync('package-lock.json', 'utf8');
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

it('the lock file names no registry', () => {
  expect(lock).not.toContain('"resolved"');
  expect(lock).not.toMatch(/https?:\/\/[^"]*registry/);
});

it('every package of the lock file is pinned to its content', () => {
  const { packages } = JSON.parse(lock) as { packages: Record<string, { integrity?: string }> };
  const unpinned = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && !integrity);
  expect(unpinned.map(([path]) => path)).toEqual([]);
});

it('the lock file holds the packages of every platform, not only of the one it was made on', () => {
  const { packages } = JSON.parse(lock) as { packages: Record<string, { optionalDependencies?: object }> };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`${path}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

it('every script runs a file that is there', () => {
  const files = Object.values<string>(manifest.scripts).flatMap((script) => script.match(/[\w/-]+\.ts\b/g) ?? []);
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
});

it('whatever the package offers is built from a source file', () => {
  const built = JSON.stringify([manifest.bin, manifest.exports]).match(/dist\/[\w/-]+(?=\.js)/g) ?? [];
  expect(built.length).toBeGreaterThan(0);
  expect(built.filter((path) => !existsSync(`${path.replace('dist', 'src')}.ts`))).toEqual([]);
});

it('packages that run scripts when they are installed have been approved by name', () => {
  const { packages } = JSON.parse(lock) as { packages: Record<string, { hasInstallScript?: true; optional?: true }> };
  const scripted = Object.entries(packages)
    .filter(([, { hasInstallScript, optional }]) => hasInstallScript && !optional)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
  expect(Object.keys(manifest.allowScripts).sort()).toEqual(scripted.sort());
});

/** Packages that files import. */
function packagesIn(pattern: string[]): Set<string> {
  const targets = globSync(pattern).flatMap((file) => importsOf(readFileSync(file, 'utf8')));
  const names = targets
    .filter((target) => !target.startsWith('.') && !isBuiltin(target))
    .map((target) => (/^@[^/]+\/[^/]+|^[^/]+/.exec(target) as RegExpExecArray)[0]);
  return new Set(names);
}

it('the source imports every dependency, and nothing that is none', () => {
  expect([...packagesIn(['src/**/*.ts'])].sort()).toEqual(
    Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).sort(),
  );
});

it('every development dependency is imported or run', () => {
  const imported = packagesIn(['{test,bench,scripts}/**/*.ts', '*.ts']);
  const run = [...Object.values<string>(manifest.scripts), readFileSync('scripts/build.ts', 'utf8')].join(' ');
  const commands: Record<string, string> = {
    '@biomejs/biome': 'biome',
    '@redocly/cli': 'redocly',
    node: 'node',
    typescript: 'tsc',
  };
  const unused = Object.keys(manifest.devDependencies).filter(
    (name) => !name.startsWith('@types/') && !imported.has(name) && !(commands[name] && run.includes(commands[name])),
  );
  expect(unused).toEqual([]);
});
