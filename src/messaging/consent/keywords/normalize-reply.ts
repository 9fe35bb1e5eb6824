/** What Unicode does not take apart. */
const FOLDED: Readonly<Record<string, string>> = { ı: 'i', ł: 'l', ø: 'o', đ: 'd', ð: 'd', æ: 'ae', œ: 'oe', ß: 'ss' };

/**
 * One spelling of a reply: compatible forms (NFKC), lower case, without accents, punctuation and emoji, one space between
 * words. `Arrêt!`, `ＡＲＲＥＴ` and `arret 🛑` are the same. Marks of scripts that need them (Indic, Thai, Arabic) stay.
 */
export function normalizeReply(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/[ıłøđðæœß]/g, (letter) => FOLDED[letter] ?? letter)
    .replace(/n['’ʼ`´]t\b/g, 'nt')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
}
