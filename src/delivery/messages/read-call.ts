import type { CallRetry } from '../../lib/call-retry.ts';
import type { Recordings } from '../recordings/recordings.ts';
import { LOCALES } from '../wording/locales.ts';
import { matchLocale } from '../wording/match-locale.ts';
import { cleanBody } from './clean-body.ts';
import type { CallContent } from './content.ts';

/** What only a call has. */
export interface CallInput {
  recording?: string;
  repeats?: number;
  press_key?: string;
  opt_out_key?: string;
  retry?: Partial<CallRetry>;
}

/** What a project's policy says of its calls. */
export interface CallPolicy {
  brand: string;
  pace: number;
  voice: string | null;
  retry: CallRetry;
}

export const USUAL_CALLS: CallPolicy = {
  brand: '',
  pace: 1,
  voice: null,
  retry: { attempts: 1, wait_seconds: 120, on: ['busy', 'no_answer'] },
};

export type ReadCall = { kind: 'call'; call: CallContent } | { kind: 'invalid'; pointer: string; message: string };

const CALL_MEMBERS = [
  'recording',
  'repeats',
  'press_key',
  'opt_out_key',
  'retry',
] as const satisfies (keyof CallInput)[];
/** Of speech some two minutes. */
export const MAX_SPOKEN = 2_000;
/** Carriers cut calls after five minutes; the words for the keys take their time too. */
const MAX_SECONDS = 240;

/** What is asked for of a call where none is made. */
export function findCallMember(input: CallInput): keyof CallInput | undefined {
  return CALL_MEMBERS.find((name) => input[name] !== undefined);
}

/** What is wrong with it by itself, whatever recordings there are. */
export function findCallProblem({
  text,
  recording,
  press_key: pressKey,
  opt_out_key: optOutKey,
  locale = 'en',
}: CallInput & { text?: string; locale?: string }): { pointer: string; message: string } | null {
  if (recording !== undefined && text !== undefined) {
    return { pointer: '/text', message: 'is not said beside a recording: give one of them' };
  }
  if (text !== undefined && cleanBody(text).length > MAX_SPOKEN) {
    return { pointer: '/text', message: `is longer than ${MAX_SPOKEN} characters` };
  }
  if (pressKey !== undefined && pressKey === optOutKey) {
    return { pointer: '/opt_out_key', message: 'must differ from press_key' };
  }
  if ((pressKey ?? optOutKey) !== undefined && !hasWords(locale)) {
    return { pointer: '/locale', message: 'is a language that there are no words for keys in' };
  }
  return null;
}

export async function readCall(
  input: CallInput & { text?: string; locale?: string },
  policy: CallPolicy,
  find: (id: string) => ReturnType<Recordings['find']>,
): Promise<ReadCall> {
  const { recording: id, press_key: pressKey, opt_out_key: optOutKey } = input;
  const invalid = (pointer: string, message: string): ReadCall => ({ kind: 'invalid', pointer, message });
  const problem = findCallProblem(input);
  if (problem) return { kind: 'invalid', ...problem };
  const row = id === undefined ? null : await find(id);
  if (id !== undefined && !row) return invalid('/recording', 'is none of the project’s recordings');
  const repeats = input.repeats ?? (row ? 1 : 2);
  if (row && row.duration_ms * repeats > MAX_SECONDS * 1_000) {
    return invalid('/repeats', `makes it longer than ${MAX_SECONDS} seconds`);
  }
  const { brand, pace, voice } = policy;
  return {
    kind: 'call',
    call: {
      ...(row && { recording: { id: row.id, seconds: row.duration_ms / 1_000 } }),
      repeats,
      ...(pressKey !== undefined && { pressKey }),
      ...(optOutKey !== undefined && { optOutKey }),
      retry: { ...policy.retry, ...input.retry },
      brand,
      ...(pace !== 1 && { pace }),
      ...(voice !== null && { voice }),
    },
  };
}

/** English stands in for whatever there are no words in; read out in another language's voice it is noise. */
export function hasWords(locale: string): boolean {
  return matchLocale(locale, (name) => LOCALES.has(name)).tag !== 'en' || /^en(-|$)/i.test(locale);
}
