import { graphemesOf } from './graphemes.ts';
import { LOOKALIKES, SUBSTITUTES } from './substitutes.ts';

export interface Replacement {
  from: string;
  to: string;
  count: number;
}

export interface Transliteration {
  text: string;
  /** In order of appearance. */
  replaced: Replacement[];
  /** Graphemes that have no equivalent; they are still in the text. */
  unmapped: string[];
}

export interface TransliterateOptions {
  /** Whether a UTF-16 unit may stay. */
  has(unit: number): boolean;
  /** Greek and Cyrillic letters may become Latin capitals that look the same. */
  lookalikes?: boolean;
}

/**
 * The text in the characters of an alphabet, as far as that keeps its meaning: typography, widths and diacritics go;
 * digits, currencies and signs never become others; emoji and foreign scripts are left alone and told of.
 */
export function transliterate(text: string, options: TransliterateOptions): Transliteration {
  const replaced = new Map<string, Replacement>();
  const unmapped = new Set<string>();
  let result = '';
  for (const grapheme of graphemesOf(text)) {
    if (isWritable(grapheme, options)) {
      result += grapheme;
      continue;
    }
    const to = equivalentOf(grapheme, options);
    result += to ?? grapheme;
    if (to === null) unmapped.add(grapheme);
    else {
      const replacement = replaced.get(grapheme);
      if (replacement) replacement.count++;
      else replaced.set(grapheme, { from: grapheme, to, count: 1 });
    }
  }
  return { text: result, replaced: [...replaced.values()], unmapped: [...unmapped] };
}

function isWritable(text: string, { has }: TransliterateOptions): boolean {
  for (let at = 0; at < text.length; at++) if (!has(text.charCodeAt(at))) return false;
  return true;
}

function equivalentOf(grapheme: string, options: TransliterateOptions): string | null {
  const characters = [...grapheme.normalize('NFC')];
  const [base = ''] = characters;
  const result = characters.map((character, index) => {
    if (isWritable(character, options)) return character;
    // A mark that no precomposed letter has.
    if (index > 0 && /^\p{Mn}$/u.test(character) && losesMarks(base, options)) return '';
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
