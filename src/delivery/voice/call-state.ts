import type { CarrierState } from '../carrier-state.ts';
import type { SpokenPart, SpokenScript } from '../provider.ts';

/**
 * What is known of a call when the carrier comes back to us: it is not stored here, for the carrier hands it back. The
 * script holds the code, so it is sealed, and as short as it may be: it travels in URLs.
 */
export interface CallState {
  reference: string;
  to: string;
  from: string;
  script: SpokenScript;
}

/** For reports of how a call ended: all that these need, in fewer characters. */
export interface CallEnd {
  reference: string;
  /** The body was said to nobody who had not pressed a key. */
  gated: boolean;
}

export interface CallStates {
  seal(call: CallState, ttlMs: number, now: number): string;
  open(sealed: string | null | undefined, now: number): CallState | null;
  sealEnd(call: Pick<CallState, 'reference' | 'script'>, now: number): string;
  openEnd(sealed: string | null | undefined, now: number): CallEnd | null;
}

/** Carriers report again for a day; a late report must still be understood. */
const END_TTL_MS = 48 * 3_600_000;

/** Changes with what is packed: what another version has made is not guessed at. */
const VERSION = 2;

export function createCallStates(state: CarrierState): CallStates {
  const read = (sealed: string | null | undefined, now: number) => (sealed ? state.open(sealed, now) : null);
  return {
    seal: (call, ttlMs, now) => state.seal(pack(call), ttlMs, now),
    open(sealed, now) {
      const packed = read(sealed, now);
      return packed === null ? null : unpack(packed);
    },
    sealEnd: ({ reference, script }, now) => state.seal(`${script.gate ? 'g' : 'o'}${reference}`, END_TTL_MS, now),
    openEnd(sealed, now) {
      const [, kind, reference] = /^([go])([\w-]+)$/.exec(read(sealed, now) ?? '') ?? [];
      return reference === undefined ? null : { reference, gated: kind === 'g' };
    },
  };
}

type PackedPart = string | number | [digits: string] | { r: string };
type Key = [key: string, prompt: string] | 0;
type Packed = [
  version: number,
  reference: string,
  to: string,
  from: string,
  locale: string,
  greeting: string,
  gate: Key,
  body: PackedPart[],
  repeats: number,
  goodbye: string,
  optOut: Key,
  pace: number,
  voice: string,
];

function pack({ reference, to, from, script }: CallState): string {
  const { locale, greeting, gate, body, repeats, goodbye, optOut, pace = 1, voice = '' } = script;
  const packed: Packed = [
    VERSION,
    reference,
    to,
    from,
    locale,
    greeting,
    gate ? [gate.key, gate.prompt] : 0,
    body.map(packPart),
    repeats,
    goodbye,
    optOut ? [optOut.key, optOut.prompt] : 0,
    pace,
    voice,
  ];
  return JSON.stringify(packed);
}

function packPart(part: SpokenPart): PackedPart {
  if ('pauseMs' in part) return part.pauseMs;
  if ('recording' in part) return { r: part.recording };
  return 'digits' in part ? [part.digits] : part.say;
}

/** Ours, for it was sealed. */
function unpack(text: string): CallState | null {
  if (!text.startsWith(`[${VERSION},`)) return null;
  const packed = JSON.parse(text) as Packed;
  const [, reference, to, from, locale, greeting, gate, body, repeats, goodbye, optOut, pace, voice] = packed;
  return {
    reference,
    to,
    from,
    script: {
      locale,
      greeting,
      ...(gate && { gate: { key: gate[0], prompt: gate[1] } }),
      body: body.map(unpackPart),
      repeats,
      goodbye,
      ...(optOut && { optOut: { key: optOut[0], prompt: optOut[1] } }),
      ...(pace !== 1 && { pace }),
      ...(voice !== '' && { voice }),
    },
  };
}

function unpackPart(part: PackedPart): SpokenPart {
  if (typeof part === 'number') return { pauseMs: part };
  if (typeof part === 'string') return { say: part };
  return Array.isArray(part) ? { digits: part[0] } : { recording: part.r };
}
