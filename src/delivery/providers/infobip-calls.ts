import type { SpokenScript } from '../provider.ts';
import { findByLanguage } from '../voice/find-by-language.ts';
import { toPlainSpeech } from '../voice/speech.ts';
import type { Awaited, Turn } from '../voice/turn.ts';
import { infobipLanguages } from './infobip-voice-codes.ts';

/** An action on a call: what is posted to `/calls/1/calls/{id}/…` (infobip.com/docs/api/channels/voice/calls). */
export interface CallAction {
  path: 'say' | 'capture/dtmf' | 'hangup';
  body: object;
}

/** What rides in a call's custom data. An action may change it, and each event tells it. */
export interface CustomData {
  call: string;
  end: string;
  /** Which key is waited for; `end`: when this is said, the call is over. */
  awaits?: Awaited | 'end';
}

/** From the end of the prompt on. */
const KEY_WAIT_MS = 6_000;

export const HANG_UP: CallAction = { path: 'hangup', body: {} };

/** One action for one turn: whatever it ends with, another event comes of it. */
export function toAction({ parts, awaits }: Turn, script: SpokenScript, data: CustomData): CallAction {
  if (awaits === null && parts.length === 0) return HANG_UP;
  const content = { text: toPlainSpeech(parts, script.locale), ...mannerOf(script) };
  const customData = { ...data, awaits: awaits ?? 'end' };
  if (awaits === null) return { path: 'say', body: { ...content, customData } };
  const playContent = { type: 'TEXT', ...content };
  return { path: 'capture/dtmf', body: { maxLength: 1, timeout: KEY_WAIT_MS, playContent, customData } };
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
