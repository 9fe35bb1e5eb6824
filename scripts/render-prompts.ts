import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * Makes a set of prompts for calls with espeak-ng: the ten digits, and the phrases of a file, one in each line. An
 * operator may then replace any of the files by a recording.
 */
const USAGE = `Usage: node scripts/render-prompts.ts <folder> --locale <tag> [--voice <name>] [--rate <words per minute>]
                                      [--phrases <file of lines>]
Example: node scripts/render-prompts.ts prompts --locale fr --phrases phrases-fr.txt`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    locale: { type: 'string' },
    voice: { type: 'string' },
    rate: { type: 'string', default: '140' },
    phrases: { type: 'string' },
  },
});
const [folder] = positionals;
const { locale } = values;
if (folder === undefined || locale === undefined || !/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(locale)) {
  console.error(USAGE);
  process.exit(2);
}
const voice = values.voice ?? locale.toLowerCase();
const target = join(folder, locale);
mkdirSync(target, { recursive: true });
for (const digit of '0123456789') render(`digit-${digit}.wav`, digit);
const phrases =
  values.phrases === undefined
    ? []
    : readFileSync(values.phrases, 'utf8')
        .split('\n')
        .map((line) => line.trim());
const named = phrases.filter(Boolean).map((text, index) => [`phrase-${index + 1}.wav`, text] as const);
for (const [file, text] of named) render(file, text);
if (named.length > 0)
  writeFileSync(join(target, 'phrases.json'), `${JSON.stringify(Object.fromEntries(named), null, 2)}\n`);
console.log(`${10 + named.length} prompts in ${target}`);

function render(file: string, text: string): void {
  const args = ['--stdin', '-v', voice, '-s', values.rate, '-w', join(target, file)];
  const { status, stderr, error } = spawnSync('espeak-ng', args, { input: text, encoding: 'utf8' });
  if (status === 0) return;
  console.error(`espeak-ng could not say ${file}: ${error?.message ?? stderr.trim()}`);
  process.exit(1);
}
