/**
 * What some programs end a line at (U+0085, U+2028, U+2029), what a terminal acts upon, and what turns the reading
 * direction around: JSON allows them as they are, and reads the same from an escape.
 */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** One line of text that says the same as `JSON.stringify`, whatever reads it. */
export function jsonLine(value: object): string {
  return escapeUnsafe(JSON.stringify(value));
}

export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
