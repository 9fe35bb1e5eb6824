/** Control characters, separators, lone surrogates, and what hides or reorders text; joiners that scripts need are fine. */
const UNSENDABLE = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\u200c\u200d]]/v;

/** The dots that browsers take for one (UTS #46). */
const DOT = '[.\\u3002\\uff0e\\uff61]';
/**
 * What telephones and mail programs make a link of: a scheme, a name with a dot in it whose last label has two letters,
 * an address of four numbers. Which endings exist changes; a sentence without the space after its full stop is the price.
 */
const LINK = new RegExp(
  [
    '\\p{L}[\\p{L}\\d+.-]*:\\/\\/',
    `[\\p{L}\\d]${DOT}(?:xn--|\\p{L}{2,})`,
    `\\b\\d{1,3}(?:${DOT}\\d{1,3}){3}\\b`,
    '\\[[\\da-f]*:[\\da-f:]+\\]',
  ].join('|'),
  'iu',
);

/** What keeps a value out of a text; null: nothing. */
export function findUnsendable(value: string): string | null {
  const [found] = UNSENDABLE.exec(value) ?? [];
  if (found !== undefined) return `has ${codePoint(found)}, which cannot be sent in a text`;
  // Spaces that nobody sees must not keep two halves of a name apart.
  const plain = value.normalize('NFKC').replace(/[\u200c\u200d]/g, '');
  return LINK.test(plain) ? 'looks like a link, which only a variable of type url may hold' : null;
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
