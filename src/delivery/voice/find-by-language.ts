import { canonicalTag } from '../wording/match-locale.ts';

/** By language, or by language and region or script where these are heard: `en`, `en-GB`, `zh-TW`. */
export type ByLanguage<T> = Readonly<Record<string, T>>;

/**
 * What a carrier has for a language: as it was asked for, else as most of its speakers would ask for it. Undefined: it
 * has no voice for it, and in another language's voice the text would be noise.
 */
export function findByLanguage<T>(table: ByLanguage<T>, locale: string): T | undefined {
  const tag = canonicalTag(locale);
  if (tag === null) return undefined;
  const { language, script, region } = new Intl.Locale(tag).maximize();
  const names = [tag, `${language}-${region}`, `${language}-${script}`, language];
  const found = names.find((name) => Object.hasOwn(table, name));
  return found === undefined ? undefined : table[found];
}
