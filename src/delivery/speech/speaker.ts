import { createLimit } from './limit.ts';
import type { PromptSet } from './prompt-set.ts';
import { tagsOf } from './prompt-set.ts';
import { readWav } from './read-wav.ts';
import { resample } from './resample.ts';
import { type Filter, runFilter } from './run-filter.ts';
import { createSoundCache } from './sound-cache.ts';

/** How something is said. */
export interface Manner {
  /** BCP 47. */
  locale: string;
  voice?: string;
  /** 1: the voice's own. */
  pace: number;
}

/** Words to sound at 8 kHz. Null: they cannot be said, neither by a recording nor by the command. */
export interface Speaker {
  say(text: string, manner: Manner): Promise<Int16Array | null>;
  digit(digit: string, manner: Manner): Promise<Int16Array | null>;
  /** An uploaded one, as it is. */
  recording(id: string): Promise<Int16Array | null>;
}

export interface SpeakerOptions {
  prompts: PromptSet | null;
  command: Pick<Filter, 'argv' | 'timeoutMs'> | null;
  loadRecording(id: string): Promise<Int16Array | null>;
  /** By language tag; without an entry the tag is the voice. */
  voices: Readonly<Record<string, string>>;
  wordsPerMinute: number;
  cacheBytes: number;
  /** Programs at a time. */
  concurrency: number;
}

/** It becomes an argument: nothing that could be an option or a path. */
const VOICE = /^[A-Za-z0-9][A-Za-z0-9_+.-]{0,60}$/;
const MAX_TEXT_LENGTH = 2_000;
/** Of 16-bit sound at 48 kHz: 100 seconds. */
const MAX_OUTPUT_BYTES = 10_000_000;

export function createSpeaker(options: SpeakerOptions): Speaker {
  const { prompts, command, wordsPerMinute } = options;
  const cache = createSoundCache(options.cacheBytes);
  const limit = createLimit(options.concurrency);
  const voices = new Map(Object.entries(options.voices).map(([tag, voice]) => [tag.toLowerCase(), voice]));

  function voiceOf({ locale, voice }: Manner): string {
    if (voice !== undefined && VOICE.test(voice)) return voice;
    const [found] = tagsOf(locale).flatMap((tag) => voices.get(tag) ?? []);
    const [language = 'en'] = locale.toLowerCase().split(/[-_]/);
    return found ?? (VOICE.test(language) ? language : 'en');
  }

  async function make(text: string, voice: string, rate: string): Promise<Int16Array | null> {
    if (!command || text.length > MAX_TEXT_LENGTH) return null;
    const filter = { ...command, maxOutputBytes: MAX_OUTPUT_BYTES };
    const said = await limit(() => runFilter(filter, text, { voice, rate }));
    const recording = said.kind === 'done' ? readWav(said.output) : null;
    return recording && recording.samples.length > 0 ? resample(recording) : null;
  }

  async function speak(text: string, manner: Manner): Promise<Int16Array | null> {
    const rate = String(Math.round(wordsPerMinute * manner.pace));
    const speakAs = (voice: string) => cache.get([voice, rate, text], () => make(text, voice, rate));
    const [named, own] = [voiceOf(manner), voiceOf({ ...manner, voice: '' })];
    // A policy may name the voice of a carrier that is tried before, or after.
    return (await speakAs(named)) ?? (named === own ? null : speakAs(own));
  }

  return {
    async say(text, manner) {
      return prompts?.phrase(manner.locale, text) ?? speak(text, manner);
    },
    // A single digit tells nothing of the code it is from.
    async digit(digit, manner) {
      return prompts?.digit(manner.locale, digit) ?? speak(digit, manner);
    },
    recording: (id) => cache.get([id], () => options.loadRecording(id)),
  };
}
