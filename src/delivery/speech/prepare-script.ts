import type { SpokenPart, SpokenScript } from '../provider.ts';
import { SAMPLE_RATE } from '../rtp/g711.ts';
import { type Sound, samplesOf } from '../rtp/player.ts';
import type { Manner, Speaker } from './speaker.ts';

/** A script with all of its sounds, made before the phone rings: who answers does not wait. */
export interface PreparedScript {
  greeting: readonly Sound[];
  gate: { key: string; prompt: readonly Sound[] } | null;
  body: readonly Sound[];
  /** So many sounds of the body are enough to have heard it: to the end of the first code in it, which may be said again. */
  essential: number;
  repeats: number;
  optOut: { key: string; prompt: readonly Sound[] } | null;
  goodbye: readonly Sound[];
}

const BETWEEN_DIGITS_MS = 350;
const BETWEEN_PARTS_MS = 150;

/** Null: something in it cannot be said. */
export async function prepareScript(script: SpokenScript, speaker: Speaker): Promise<PreparedScript | null> {
  const pace = clampPace(script.pace);
  const manner: Manner = { locale: script.locale, pace, ...(script.voice !== undefined && { voice: script.voice }) };
  const say = (text: string): Promise<readonly Sound[] | null> => sayPart({ say: text }, manner, speaker);
  const codeAt = script.body.findIndex((part) => 'digits' in part);
  const restAt = codeAt === -1 ? script.body.length : codeAt + 1;
  const [greeting, gate, essential, rest, optOut, goodbye] = await Promise.all([
    say(script.greeting),
    script.gate ? say(script.gate.prompt) : [],
    sayParts(script.body.slice(0, restAt), manner, speaker),
    sayParts(script.body.slice(restAt), manner, speaker),
    script.optOut ? say(script.optOut.prompt) : [],
    say(script.goodbye),
  ]);
  if (!greeting || !gate || !essential || !rest || !optOut || !goodbye) return null;
  return {
    greeting,
    gate: script.gate ? { key: script.gate.key, prompt: gate } : null,
    body: [...essential, ...rest],
    // Whoever hangs up in the pause after it has heard it.
    essential: essential.findLastIndex((sound) => typeof sound !== 'number') + 1,
    repeats: Math.max(1, Math.min(script.repeats, 5)),
    optOut: script.optOut ? { key: script.optOut.key, prompt: optOut } : null,
    goodbye,
  };
}

/** Of the whole call, when each key is pressed after its prompt. */
export function lengthOf({ greeting, gate, body, repeats, optOut, goodbye }: PreparedScript): number {
  const said = Array.from({ length: repeats }, () => body).flat();
  const sounds = [...greeting, ...(gate?.prompt ?? []), ...said, ...(optOut?.prompt ?? []), ...goodbye];
  return (sounds.reduce<number>((sum, sound) => sum + samplesOf(sound), 0) / SAMPLE_RATE) * 1_000;
}

async function sayParts(
  parts: readonly SpokenPart[],
  manner: Manner,
  speaker: Speaker,
): Promise<readonly Sound[] | null> {
  const said = await Promise.all(parts.map((part) => sayPart(part, manner, speaker)));
  const whole = said.filter((part) => part !== null);
  return whole.length < said.length ? null : whole.flatMap((part) => [...part, BETWEEN_PARTS_MS]);
}

async function sayPart(part: SpokenPart, manner: Manner, speaker: Speaker): Promise<readonly Sound[] | null> {
  if ('pauseMs' in part) return [part.pauseMs / manner.pace];
  if ('recording' in part) {
    const sound = await speaker.recording(part.recording);
    return sound && [sound];
  }
  if ('say' in part) {
    if (part.say.trim() === '') return [];
    const sound = await speaker.say(part.say, manner);
    return sound && [sound];
  }
  const digits = await Promise.all([...part.digits].map((digit) => speaker.digit(digit, manner)));
  const sounds = digits.filter((sound) => sound !== null);
  if (sounds.length < digits.length) return null;
  return sounds.flatMap((sound) => [sound, BETWEEN_DIGITS_MS / manner.pace]);
}

function clampPace(pace = 1): number {
  return Number.isFinite(pace) ? Math.max(0.5, Math.min(pace, 1.5)) : 1;
}
