import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * `node --import ./scripts/strip-types.js src/main.ts` runs the source as Node does by itself, in 28 MB less: Node's
 * type stripper stays in memory once it was used. Here a process of its own strips each content of a file once, and
 * the result is read from node_modules/.cache. Where that cannot be, Node strips as always.
 */
const SRC = new URL('../src/', import.meta.url);
const CACHE = new URL('../node_modules/.cache/stripped-types/', import.meta.url);

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
  registerHooks({
    // To Node, each of some thousand imports is a walk through the file system; here it is what it says.
    resolve(specifier, context, nextResolve) {
      if (!specifier.startsWith('.') || !context.parentURL?.startsWith(SRC.href))
        return nextResolve(specifier, context);
      return { url: new URL(specifier, context.parentURL).href, shortCircuit: true };
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
  return new URL(`${createHash('sha256').update(source).digest('hex')}.js`, CACHE);
}
