import { en } from './locales/en.ts';
import type { Wording } from './wording.ts';

/**
 * By BCP 47 tag. `pt` is written as in Portugal, `sr` in Cyrillic, `zh` in simplified characters. English is always
 * there; another language comes into memory with its first message (all of them take 3 MB) and stays.
 */
const loaders = {
  af: async () => (await import('./locales/af.ts')).af,
  am: async () => (await import('./locales/am.ts')).am,
  ar: async () => (await import('./locales/ar.ts')).ar,
  az: async () => (await import('./locales/az.ts')).az,
  bg: async () => (await import('./locales/bg.ts')).bg,
  bn: async () => (await import('./locales/bn.ts')).bn,
  ca: async () => (await import('./locales/ca.ts')).ca,
  cs: async () => (await import('./locales/cs.ts')).cs,
  da: async () => (await import('./locales/da.ts')).da,
  de: async () => (await import('./locales/de.ts')).de,
  el: async () => (await import('./locales/el.ts')).el,
  en: async () => en,
  es: async () => (await import('./locales/es.ts')).es,
  et: async () => (await import('./locales/et.ts')).et,
  fa: async () => (await import('./locales/fa.ts')).fa,
  fi: async () => (await import('./locales/fi.ts')).fi,
  fil: async () => (await import('./locales/fil.ts')).fil,
  fr: async () => (await import('./locales/fr.ts')).fr,
  gu: async () => (await import('./locales/gu.ts')).gu,
  he: async () => (await import('./locales/he.ts')).he,
  hi: async () => (await import('./locales/hi.ts')).hi,
  hr: async () => (await import('./locales/hr.ts')).hr,
  hu: async () => (await import('./locales/hu.ts')).hu,
  hy: async () => (await import('./locales/hy.ts')).hy,
  id: async () => (await import('./locales/id.ts')).id,
  is: async () => (await import('./locales/is.ts')).is,
  it: async () => (await import('./locales/it.ts')).it,
  ja: async () => (await import('./locales/ja.ts')).ja,
  ka: async () => (await import('./locales/ka.ts')).ka,
  kk: async () => (await import('./locales/kk.ts')).kk,
  ko: async () => (await import('./locales/ko.ts')).ko,
  lt: async () => (await import('./locales/lt.ts')).lt,
  lv: async () => (await import('./locales/lv.ts')).lv,
  mr: async () => (await import('./locales/mr.ts')).mr,
  ms: async () => (await import('./locales/ms.ts')).ms,
  nb: async () => (await import('./locales/nb.ts')).nb,
  nl: async () => (await import('./locales/nl.ts')).nl,
  pl: async () => (await import('./locales/pl.ts')).pl,
  pt: async () => (await import('./locales/pt.ts')).pt,
  'pt-BR': async () => (await import('./locales/pt-br.ts')).ptBR,
  ro: async () => (await import('./locales/ro.ts')).ro,
  ru: async () => (await import('./locales/ru.ts')).ru,
  sk: async () => (await import('./locales/sk.ts')).sk,
  sl: async () => (await import('./locales/sl.ts')).sl,
  sr: async () => (await import('./locales/sr.ts')).sr,
  'sr-Latn': async () => (await import('./locales/sr-latn.ts')).srLatn,
  sv: async () => (await import('./locales/sv.ts')).sv,
  sw: async () => (await import('./locales/sw.ts')).sw,
  ta: async () => (await import('./locales/ta.ts')).ta,
  te: async () => (await import('./locales/te.ts')).te,
  th: async () => (await import('./locales/th.ts')).th,
  tr: async () => (await import('./locales/tr.ts')).tr,
  uk: async () => (await import('./locales/uk.ts')).uk,
  ur: async () => (await import('./locales/ur.ts')).ur,
  vi: async () => (await import('./locales/vi.ts')).vi,
  zh: async () => (await import('./locales/zh.ts')).zh,
  'zh-Hant': async () => (await import('./locales/zh-hant.ts')).zhHant,
} satisfies Record<string, () => Promise<Wording>>;

export const LOCALES: ReadonlySet<string> = new Set(Object.keys(loaders));

const loaded = new Map<string, Wording>();

export async function loadLocale(tag: string): Promise<Wording> {
  const known = loaded.get(tag);
  if (known) return known;
  if (!LOCALES.has(tag)) return en;
  const wording = await loaders[tag as keyof typeof loaders]();
  loaded.set(tag, wording);
  return wording;
}
