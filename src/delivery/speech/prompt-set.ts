import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../lib/config-error.ts';
import { readWav } from './read-wav.ts';
import { resample } from './resample.ts';

/** Recordings that an operator made: digits and whole phrases, by language. */
export interface PromptSet {
  digit(locale: string, digit: string): Int16Array | null;
  /** Exactly these words. */
  phrase(locale: string, text: string): Int16Array | null;
}

export const PHRASES_FILE = 'phrases.json';
const MAX_FILE_BYTES = 20_000_000;
const MAX_PHRASES = 1_000;

interface Language {
  digits: ReadonlyMap<string, Int16Array>;
  phrases: ReadonlyMap<string, Int16Array>;
}

/**
 * A folder with one folder for each language: `fr/digit-0.wav` … `fr/digit-9.wav`, and `fr/phrases.json`, which says
 * what is heard in the other files: `{ "welcome.wav": "Bonjour." }`. Read once. Throws a ConfigError that names the file.
 */
export async function loadPromptSet(folder: string): Promise<PromptSet> {
  const languages = new Map<string, Language>();
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new ConfigError(
      `${folder} cannot be read: give the folder that holds one folder of prompts for each language`,
    );
  });
  for (const entry of entries) {
    if (entry.isDirectory()) languages.set(entry.name.toLowerCase(), await loadLanguage(join(folder, entry.name)));
  }
  const find = <Found>(locale: string, pick: (language: Language) => Found | undefined): Found | null => {
    for (const tag of tagsOf(locale)) {
      const language = languages.get(tag);
      const found = language && pick(language);
      if (found !== undefined) return found;
    }
    return null;
  };
  return {
    digit: (locale, digit) => find(locale, ({ digits }) => digits.get(digit)),
    phrase: (locale, text) => find(locale, ({ phrases }) => phrases.get(wordsOf(text))),
  };
}

/** `pt-BR`, then `pt`; in lower case. */
export function tagsOf(locale: string): string[] {
  const subtags = locale.toLowerCase().split(/[-_]/);
  return subtags.map((_, index) => subtags.slice(0, subtags.length - index).join('-'));
}

async function loadLanguage(folder: string): Promise<Language> {
  const files = new Set(await readdir(folder));
  const digits = new Map<string, Int16Array>();
  for (const digit of '0123456789') {
    const file = `digit-${digit}.wav`;
    if (files.has(file)) digits.set(digit, await loadSound(join(folder, file)));
  }
  const phrases = new Map<string, Int16Array>();
  for (const [file, text] of files.has(PHRASES_FILE) ? await readPhrases(folder) : []) {
    if (!files.has(file)) throw new ConfigError(`${join(folder, PHRASES_FILE)}: ${file} is not in this folder`);
    phrases.set(wordsOf(text), await loadSound(join(folder, file)));
  }
  return { digits, phrases };
}

async function readPhrases(folder: string): Promise<[string, string][]> {
  const file = join(folder, PHRASES_FILE);
  const content: unknown = await readFile(file, 'utf8')
    .then(JSON.parse)
    .catch(() => null);
  const isMap = typeof content === 'object' && content !== null && !Array.isArray(content);
  const entries = isMap ? Object.entries(content) : [];
  if (!isMap || entries.length > MAX_PHRASES || !entries.every(([, text]) => typeof text === 'string')) {
    throw new ConfigError(
      `${file} must be an object of file names and what is heard in them: { "welcome.wav": "Hello." }`,
    );
  }
  return entries;
}

async function loadSound(file: string): Promise<Int16Array> {
  const isSmall = (await stat(file)).size <= MAX_FILE_BYTES;
  const recording = isSmall ? readWav(await readFile(file)) : null;
  if (!recording || recording.samples.length === 0) {
    throw new ConfigError(`${file} must be a WAV file of at most 20 MB: PCM of 8 or 16 bit, μ-law or A-law`);
  }
  return resample(recording);
}

const wordsOf = (text: string) => text.normalize('NFC').replace(/\s+/gu, ' ').trim();
