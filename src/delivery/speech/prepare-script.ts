import type { SpokenPart, SpokenScript } from '../provider.ts';
import type { Sound } from '../rtp/player.ts';
import type { Manner, Speaker } from './speaker.ts';

/** A script with all of its sounds, made before the phone rings: who answers does not wait. */
export interface PreparedScript {
  greeting: readonly Sound[];
  gate: { key: string; prompt: readonly Sound[] } | null;
  body: readonly Sound[];
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
  const [greeting, gate, body, optOut, goodbye] = await Promise.all([
    say(script.greeting),
    script.gate ? say(script.gate.prompt) : [],
    sayParts(script.body, manner, speaker),
    script.optOut ? say(script.optOut.prompt) : [],
    say(script.goodbye),
  ]);
  if (!greeting || !gate || !body || !optOut || !goodbye) return null;
  return {
    greeting,
    gate: script.gate ? { key: script.gate.key, prompt: gate } : null,
    body,
    repeats: Math.max(1, Math.min(script.repeats, 5)),
    optOut: script.optOut ? { key: script.optOut.key, prompt: optOut } : null,
    goodbye,
  };
}

/** A text that nobody has taken apart; a code may be anywhere in it. */
export async function prepareText(text: string, locale: string, speaker: Speaker): Promise<PreparedScript | null> {
  const sound = await speaker.say(text, { locale, pace: 1 }, true);
  return sound && { greeting: [], gate: null, body: [sound], repeats: 2, optOut: null, goodbye: [] };
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
