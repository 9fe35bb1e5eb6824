/** Control, formatting (they hide or reorder text) and separator characters, but for line breaks and joiners. */
const UNSAFE = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\n\u200c\u200d]]/gv;

/** What a person wrote, line by line, without what does not show. */
export function cleanBody(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replaceAll('\t', ' ')
    .replace(UNSAFE, '')
    .replace(/^[ \n\u200c\u200d]+$|[ \n]+$/, '');
}
