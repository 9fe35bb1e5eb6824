import type { Reason } from '../reasons.ts';
import type { ByLanguage } from '../voice/find-by-language.ts';

export interface VonageVoice {
  language: string;
  style?: number;
  /** Its first style takes plain text only. */
  plain?: true;
}

/** "Text to Speech", supported languages (developer.vonage.com/en/voice/voice-api/guides/text-to-speech). */
export const vonageVoices: ByLanguage<VonageVoice> = {
  ar: { language: 'ar' },
  bn: { language: 'bn-IN' },
  ca: { language: 'ca-ES', plain: true },
  cs: { language: 'cs-CZ' },
  da: { language: 'da-DK' },
  de: { language: 'de-DE' },
  el: { language: 'el-GR' },
  en: { language: 'en-US' },
  'en-AU': { language: 'en-AU' },
  'en-GB': { language: 'en-GB' },
  'en-IE': { language: 'en-GB' },
  'en-IN': { language: 'en-IN' },
  es: { language: 'es-ES' },
  'es-MX': { language: 'es-MX' },
  'es-US': { language: 'es-US' },
  fi: { language: 'fi-FI' },
  fil: { language: 'fil-PH' },
  fr: { language: 'fr-FR' },
  'fr-CA': { language: 'fr-CA' },
  he: { language: 'he-IL', plain: true },
  hi: { language: 'hi-IN' },
  hu: { language: 'hu-HU' },
  id: { language: 'id-ID' },
  is: { language: 'is-IS' },
  it: { language: 'it-IT' },
  ja: { language: 'ja-JP' },
  ko: { language: 'ko-KR' },
  nb: { language: 'nb-NO' },
  nl: { language: 'nl-NL' },
  nn: { language: 'nb-NO' },
  no: { language: 'nb-NO' },
  pl: { language: 'pl-PL' },
  pt: { language: 'pt-PT' },
  'pt-BR': { language: 'pt-BR' },
  ro: { language: 'ro-RO' },
  ru: { language: 'ru-RU' },
  sk: { language: 'sk-SK' },
  sv: { language: 'sv-SE' },
  ta: { language: 'ta-IN' },
  te: { language: 'te-IN' },
  th: { language: 'th-TH', style: 1 },
  tr: { language: 'tr-TR' },
  uk: { language: 'uk-UA' },
  vi: { language: 'vi-VN' },
  yue: { language: 'yue-CN', plain: true },
  zh: { language: 'cmn-CN' },
  'zh-HK': { language: 'yue-CN', plain: true },
  'zh-TW': { language: 'cmn-TW', style: 1 },
};

/** "Event webhook" (developer.vonage.com/en/voice/voice-api/webhook-reference): `detail` says it closer than `status`. */
export const vonageCallDetails: Readonly<Record<string, Reason>> = {
  invalid_number: 'invalid_recipient',
  restricted: 'blocked_recipient',
  declined: 'declined',
  cannot_route: 'destination_refused',
  number_out_of_service: 'invalid_recipient',
  internal_error: 'network_error',
  carrier_timeout: 'network_error',
  unavailable: 'unreachable_recipient',
  timeout: 'no_answer',
};

export const vonageCallReasons: Readonly<Record<string, Reason>> = {
  busy: 'busy',
  timeout: 'no_answer',
  unanswered: 'no_answer',
  rejected: 'declined',
  failed: 'unreachable_recipient',
};
