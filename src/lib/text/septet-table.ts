/** A 7-bit alphabet both ways: 3GPP TS 23.038 §6.2.1 and the national tables of its annex A. */
export interface SeptetTable {
  /** By UTF-16 unit: the septet, the septet with ESCAPED set where an escape goes before it, or ABSENT. */
  codes: Int16Array;
  /** By septet. */
  characters: readonly string[];
  /** By the septet after an escape, complete: what the extension lacks is shown as without the escape (§6.2.1.1). */
  escaped: readonly string[];
}

export type Extension = Readonly<Record<number, string>>;

const ESCAPE = 0x1b;
const ESCAPED = 0x100;
const ABSENT = -1;
/** The highest character of any table, ∞ of the Portuguese one. */
const LAST_UNIT = 0x221e;

/** `basic` holds 128 characters in table order, with U+001B where the escape is. */
export function createSeptetTable(basic: string, extension: Extension): SeptetTable {
  const codes = new Int16Array(LAST_UNIT + 1).fill(ABSENT);
  const entries = Object.entries(extension).map(([code, character]) => [Number(code), character] as const);
  for (const [code, character] of entries) codes[character.charCodeAt(0)] = ESCAPED | code;
  const characters = basic.split('');
  for (const [code, character] of characters.entries()) {
    if (code !== ESCAPE) codes[character.charCodeAt(0)] = code;
  }
  // A single escape with nothing behind it, and an escape of an escape, are shown as a space (§6.2.1.1, note 1).
  characters[ESCAPE] = ' ';
  const escaped = [...characters];
  for (const [code, character] of entries) escaped[code] = character;
  return { codes, characters, escaped };
}

export function hasCharacter(table: SeptetTable, unit: number): boolean {
  return unit <= LAST_UNIT && table.codes[unit] !== ABSENT;
}

/** Null when a character is outside the table. */
export function countSeptets(table: SeptetTable, text: string): number | null {
  const { codes } = table;
  let septets = 0;
  for (let at = 0; at < text.length; at++) {
    const code = codes[text.charCodeAt(at)] ?? ABSENT;
    if (code === ABSENT) return null;
    septets += code < ESCAPED ? 1 : 2;
  }
  return septets;
}

/** The index up to which the text from `start` on fits `room` septets. It must be of the table. */
export function endOfSeptets(table: SeptetTable, text: string, start: number, room: number): number {
  const { codes } = table;
  let left = room;
  let at = start;
  for (; at < text.length; at++) {
    left -= (codes[text.charCodeAt(at)] ?? ABSENT) < ESCAPED ? 1 : 2;
    if (left < 0) break;
  }
  return at;
}

/** One octet per septet. The text must be of the table; `septets` is its count. */
export function encodeSeptets(table: SeptetTable, text: string, septets: number): Uint8Array {
  const { codes } = table;
  const octets = new Uint8Array(septets);
  let to = 0;
  for (let at = 0; at < text.length; at++) {
    const code = codes[text.charCodeAt(at)] ?? ABSENT;
    if (code >= ESCAPED) octets[to++] = ESCAPE;
    octets[to++] = code & 0x7f;
  }
  return octets;
}

/** One octet per septet; an octet that is no septet becomes U+FFFD. */
export function decodeSeptets(table: SeptetTable, octets: Uint8Array): string {
  let text = '';
  for (let at = 0; at < octets.length; at++) {
    const escaped = octets[at] === ESCAPE && at + 1 < octets.length;
    if (escaped) at++;
    text += (escaped ? table.escaped : table.characters)[octets[at] ?? 0] ?? '\ufffd';
  }
  return text;
}
