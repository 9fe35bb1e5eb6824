import { septetsOf } from './gsm7.ts';

export interface TextSize {
  encoding: 'gsm7' | 'ucs2';
  /** Short messages it takes on the wire; an empty text still takes one. */
  segments: number;
  /** Septets (gsm7) or UTF-16 units (ucs2). */
  units: number;
}

/** Room in a message on its own, and in a part of a longer one (3GPP TS 23.040 §9.2.3.24.1, 8-bit reference). */
const ROOM = { gsm7: { alone: 160, part: 153 }, ucs2: { alone: 70, part: 67 } } as const;

/** The same arithmetic for preview, billing and wire. */
export function measureText(text: string): TextSize {
  const septets = countSeptets(text);
  return {
    encoding: septets === null ? 'ucs2' : 'gsm7',
    segments: splitText(text).length,
    units: septets ?? text.length,
  };
}

/** The parts as they are sent. Neither an escape pair nor a surrogate pair is ever cut. */
export function splitText(text: string): string[] {
  const septets = countSeptets(text);
  const room = septets === null ? ROOM.ucs2 : ROOM.gsm7;
  if ((septets ?? text.length) <= room.alone) return [text];
  const unitsAt = septets === null ? utf16UnitsAt : septetsAt;
  const parts: string[] = [];
  let start = 0;
  let used = 0;
  for (let at = 0; at < text.length; ) {
    const units = unitsAt(text, at);
    if (used + units > room.part) {
      parts.push(text.slice(start, at));
      start = at;
      used = 0;
    }
    used += units;
    at += septets === null ? units : 1;
  }
  parts.push(text.slice(start));
  return parts;
}

/** Null when a character is outside the GSM alphabet. */
function countSeptets(text: string): number | null {
  let septets = 0;
  for (let at = 0; at < text.length; at++) {
    const units = septetsAt(text, at);
    if (units === 0) return null;
    septets += units;
  }
  return septets;
}

function septetsAt(text: string, at: number): number {
  return septetsOf(text.charCodeAt(at));
}

function utf16UnitsAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
