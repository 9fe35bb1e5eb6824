import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * `node --import ./scripts/strip-types.js src/main.ts` runs the source as Node does by itself, in 28 MB less: Node's
 * type stripper stays in memory once it was used. Here a process of its own strips each content of a file once, and
 * the result is read from node_modules/.cache. Where that cannot be, Node strips as always.
 */
const ROOT = new URL('../', import.meta.url);
const SRC = new URL('src/', ROOT);
const CACHE = new URL('node_modules/.cache/stripped-types/', ROOT);

if (import.meta.main) stripAll();
else readStripped();

function readStripped() {
  let isStripped = false;
  const read = (source) => {
    try {
      return readFileSync(placeOf(source));
    } catch (error) {
      if (isStripped) throw error;
      isStripped = true;
      execFileSync(process.execPath, [fileURLToPath(import.meta.url)], { stdio: 'ignore' });
      return readFileSync(placeOf(source));
    }
  };
  const packages = new Map();
  registerHooks({
    // To Node, each of some thousand imports is a walk through the file system. A relative one is what it says, and
    // a package is the same one for every file of ours.
    resolve(specifier, context, nextResolve) {
      const { parentURL, conditions } = context;
      if (!parentURL?.startsWith(ROOT.href) || !conditions.includes('import')) return nextResolve(specifier, context);
      if (specifier.startsWith('.')) return { url: new URL(specifier, parentURL).href, shortCircuit: true };
      if (!parentURL.startsWith(SRC.href)) return nextResolve(specifier, context);
      const known = packages.get(specifier) ?? nextResolve(specifier, context);
      packages.set(specifier, known);
      return { ...known, shortCircuit: true };
    },
    load(url, context, nextLoad) {
      if (!url.startsWith(SRC.href) || !url.endsWith('.ts')) return nextLoad(url, context);
      try {
        return { format: 'module', shortCircuit: true, source: read(readFileSync(new URL(url))) };
      } catch {
        return nextLoad(url, context);
      }
    },
  });
}

function stripAll() {
  mkdirSync(CACHE, { recursive: true });
  for (const path of globSync('**/*.ts', { cwd: SRC })) {
    const source = readFileSync(new URL(path, SRC));
    const place = placeOf(source);
    if (existsSync(place)) continue;
    // Whole or not at all: other processes read, and write, the same files.
    const draft = new URL(`${place.href}.${process.pid}`);
    writeFileSync(draft, stripTypeScriptTypes(source.toString()));
    renameSync(draft, place);
  }
}

/** By content, so that it is never out of date. */
function placeOf(source) {
  return new URL(`${hash('sha256', source)}.js`, CACHE);
}
