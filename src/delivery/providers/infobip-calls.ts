import type { RecordingAccess, SpokenScript } from '../provider.ts';
import { cutParts } from '../voice/cut-parts.ts';
import { findByLanguage } from '../voice/find-by-language.ts';
import { toPlainSpeech } from '../voice/speech.ts';
import type { Awaited, Turn } from '../voice/turn.ts';
import { infobipLanguages } from './infobip-voice-codes.ts';

/** An action on a call: what is posted to `/calls/1/calls/{id}/…` (infobip.com/docs/api/channels/voice/calls). */
export interface CallAction {
  path: 'say' | 'play' | 'capture/dtmf' | 'hangup';
  body: object;
}

/** What rides in a call's custom data. An action may change it, and each event tells it. */
export interface CustomData {
  call: string;
  end: string;
  /** Which key is waited for; `end`: when this is said, the call is over; `more`: then comes the body's piece `at`. */
  awaits?: Awaited | 'end' | 'more';
  at?: string;
}

/** From the end of the prompt on. */
const KEY_WAIT_MS = 6_000;

export const HANG_UP: CallAction = { path: 'hangup', body: {} };

/** One action at a time: whatever it ends with, another event comes of it. `at`: the piece of the turn. */
export function toAction(
  { parts, awaits }: Turn,
  script: SpokenScript,
  data: CustomData,
  recordings: Pick<RecordingAccess, 'link'>,
  at = 0,
): CallAction {
  const pieces = cutParts(parts, Infinity);
  const piece = pieces[at];
  if (!piece) return HANG_UP;
  const isLast = at === pieces.length - 1;
  const customData = isLast ? { ...data, awaits: awaits ?? 'end' } : { ...data, awaits: 'more', at: String(at + 1) };
  const said =
    'recording' in piece
      ? { type: 'URL', fileUrl: recordings.link(piece.recording) }
      : { type: 'TEXT', text: toPlainSpeech(piece.speech, script.locale), ...mannerOf(script) };
  if (isLast && awaits !== null) {
    return { path: 'capture/dtmf', body: { maxLength: 1, timeout: KEY_WAIT_MS, playContent: said, customData } };
  }
  if ('recording' in piece) return { path: 'play', body: { content: said, customData } };
  const { type: _text, ...content } = said;
  return { path: 'say', body: { ...content, customData } };
}

/** Language, rate and voice. A policy's voice is a gender or the name of one of Infobip's. */
function mannerOf({ locale, pace, voice }: SpokenScript) {
  const gender = /^(fe)?male$/.test(voice ?? '') ? voice?.toUpperCase() : undefined;
  const named = voice !== undefined && /^[A-Z][A-Za-z]{1,19}$/.test(voice) ? voice : undefined;
  return {
    language: findByLanguage(infobipLanguages, locale) ?? '',
    ...(pace !== undefined && { speechRate: pace }),
    ...(gender !== undefined && { preferences: { voiceGender: gender } }),
    ...(named !== undefined && { preferences: { voiceName: named } }),
  };
}
