import { graphemesOf } from './graphemes.ts';
import { LOOKALIKES, SUBSTITUTES } from './substitutes.ts';

export interface Replacement {
  from: string;
  to: string;
  count: number;
}

export type Transliteration =
  | { kind: 'ok'; text: string; replaced: Replacement[] }
  /** Graphemes without an equivalent: the first ones, not necessarily all. */
  | { kind: 'unmapped'; graphemes: string[] };

export interface TransliterateOptions {
  /** Whether a UTF-16 unit may stay. */
  has(unit: number): boolean;
  /** Greek and Cyrillic letters may become Latin capitals that look the same. */
  lookalikes?: boolean;
}

/** Enough to tell what is in the way; the rest of a long text is then not looked at. */
const MAX_UNMAPPED = 20;

/**
 * The text in the characters of an alphabet, if that keeps its meaning: typography, widths and diacritics go; digits,
 * currencies and signs never become others; emoji and foreign scripts are left alone and told of.
 */
export function transliterate(text: string, options: TransliterateOptions): Transliteration {
  const graphemeAt = graphemesOf(text);
  const replaced = new Map<string, Replacement>();
  const unmapped: string[] = [];
  let written = '';
  let from = 0;
  for (let at = 0; at < text.length && unmapped.length < MAX_UNMAPPED; at++) {
    if (options.has(text.charCodeAt(at))) continue;
    const { start, text: grapheme } = graphemeAt(at);
    const known = replaced.get(grapheme);
    const to = known ? known.to : equivalentOf(grapheme, options);
    if (to === null) unmapped.push(grapheme);
    else if (known) known.count++;
    else replaced.set(grapheme, { from: grapheme, to, count: 1 });
    written += text.slice(from, start) + to;
    from = start + grapheme.length;
    at = from - 1;
  }
  if (unmapped.length > 0) return { kind: 'unmapped', graphemes: [...new Set(unmapped)] };
  return { kind: 'ok', text: written + text.slice(from), replaced: [...replaced.values()] };
}

function isWritable(text: string, { has }: TransliterateOptions): boolean {
  for (let at = 0; at < text.length; at++) if (!has(text.charCodeAt(at))) return false;
  return true;
}

function equivalentOf(grapheme: string, options: TransliterateOptions): string | null {
  const characters = [...grapheme.normalize('NFC')];
  const [base = ''] = characters;
  const result = characters.map((character) => {
    if (isWritable(character, options)) return character;
    // A mark that no precomposed letter has.
    if (/^\p{Mn}$/u.test(character) && losesMarks(base, options)) return '';
    return substituteOf(character, options);
  });
  return result.includes(null) ? null : result.join('');
}

function substituteOf(character: string, options: TransliterateOptions): string | null {
  for (const candidate of candidatesOf(character, options)) if (isWritable(candidate, options)) return candidate;
  return null;
}

function* candidatesOf(character: string, options: TransliterateOptions): Generator<string> {
  const listed = SUBSTITUTES.get(character);
  if (listed !== undefined) yield listed;
  if (/^[\uff01-\uff5e\uffe0-\uffe5\ufb00-\ufb06]$/.test(character)) yield character.normalize('NFKC');
  yield* withFewerMarks(character, options);
}

/** ǟ → ä → a: as many marks stay as can. */
function* withFewerMarks(character: string, options: TransliterateOptions): Generator<string> {
  const parts = [...character.normalize('NFD')];
  const [base = ''] = parts;
  if (!losesMarks(base, options)) return;
  for (let count = parts.length - 1; count > 0; count--) yield parts.slice(0, count).join('').normalize('NFC');
  const substitute = SUBSTITUTES.get(base) ?? (options.lookalikes ? LOOKALIKES.get(base) : undefined);
  if (substitute !== undefined) yield substitute;
}

/** Only letters lose marks: ≠ is no way to write =. */
function losesMarks(base: string, { lookalikes = false }: TransliterateOptions): boolean {
  return /^\p{Script=Latin}/u.test(base) || (lookalikes && /^[\p{Script=Greek}\p{Script=Cyrillic}]/u.test(base));
}
