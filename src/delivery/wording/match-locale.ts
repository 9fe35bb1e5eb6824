/** Languages that are read by speakers of another one that there are texts in. */
const RELATED: Readonly<Record<string, string>> = { no: 'nb', nn: 'nb', bs: 'hr', yue: 'zh-Hant' };

export interface MatchedLocale {
  /** As asked for, in canonical form; `en` when nothing matched. */
  tag: string;
  /** The one of those there are. */
  name: string;
}

/**
 * The best of the locales there are: RFC 4647 §3.4 lookup, then by script and language as CLDR completes them.
 * fr-CA → fr, zh-TW → zh-Hant, iw → he, no → nb; English when nothing matches.
 */
export function matchLocale(locale: string, has: (name: string) => boolean): MatchedLocale {
  const { tag, candidates } = readTag(locale);
  const name = candidates.find(has);
  return tag === null || name === undefined ? { tag: 'en', name: 'en' } : { tag, name };
}

interface ReadTag {
  tag: string | null;
  /** The best first. */
  candidates: readonly string[];
}

/** Asking CLDR costs more than the rest of a message's words: the tags that are used are few. */
const read = new Map<string, ReadTag>();
const MAX_READ = 500;

function readTag(locale: string): ReadTag {
  const known = read.get(locale);
  if (known) return known;
  const tag = canonicalTag(locale);
  const found = { tag, candidates: tag === null ? [] : [...candidatesOf(tag)] };
  if (read.size >= MAX_READ) read.clear();
  read.set(locale, found);
  return found;
}

/** Null for what is no language tag. `iw` becomes `he`, `fr-ca` becomes `fr-CA`. */
export function canonicalTag(locale: string): string | null {
  try {
    return new Intl.Locale(locale).baseName;
  } catch {
    return null;
  }
}

function* candidatesOf(tag: string): Generator<string> {
  for (let name = tag; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('-')))) {
    // Cut down to a bare language it would take the language's usual script for the one that was asked for.
    if (name.includes('-')) yield name;
  }
  const { language, script } = new Intl.Locale(tag).maximize();
  yield `${language}-${script}`;
  yield language;
  const related = RELATED[language];
  if (related !== undefined) yield related;
}

const RTL_SCRIPTS: ReadonlySet<string | undefined> = new Set(['Adlm', 'Arab', 'Hebr', 'Nkoo', 'Rohg', 'Syrc', 'Thaa']);

export function isRightToLeft(tag: string): boolean {
  return RTL_SCRIPTS.has(new Intl.Locale(tag).maximize().script);
}
