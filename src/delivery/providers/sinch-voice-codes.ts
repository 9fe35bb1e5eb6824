import type { Reason } from '../reasons.ts';
import type { ByLanguage } from '../voice/find-by-language.ts';

/** "Voice locales" (developers.sinch.com/docs/voice/api-reference/voice-locales; TtsVoice of sinch-sdk-node). */
export const sinchLocales: ByLanguage<string> = {
  ar: 'arb',
  az: 'az-AZ',
  ca: 'ca-ES',
  cs: 'cs-CZ',
  cy: 'cy-GB',
  da: 'da-DK',
  de: 'de-DE',
  en: 'en-US',
  'en-AU': 'en-AU',
  'en-GB': 'en-GB',
  'en-IE': 'en-GB',
  'en-IN': 'en-IN',
  'en-NZ': 'en-NZ',
  'en-ZA': 'en-ZA',
  es: 'es-ES',
  'es-US': 'es-US',
  fil: 'fil-PH',
  fr: 'fr-FR',
  'fr-CA': 'fr-CA',
  hr: 'hr-HR',
  id: 'id-ID',
  is: 'is-IS',
  it: 'it-IT',
  ja: 'ja-JP',
  ko: 'ko-KR',
  ms: 'ms-MY',
  nb: 'nb-NO',
  nl: 'nl-NL',
  nn: 'nb-NO',
  no: 'nb-NO',
  pl: 'pl-PL',
  pt: 'pt-PT',
  'pt-BR': 'pt-BR',
  ro: 'ro-RO',
  ru: 'ru-RU',
  sv: 'sv-SE',
  th: 'th-TH',
  tr: 'tr-TR',
  vi: 'vi-VN',
  yue: 'zh-HK',
  zh: 'cmn-CN',
  'zh-HK': 'zh-HK',
};

/** `result` of a disconnected call (developers.sinch.com/docs/voice/api-reference/voice/callbacks/dice). */
export const sinchResults: Readonly<Record<string, Reason>> = {
  BUSY: 'busy',
  NOANSWER: 'no_answer',
  FAILED: 'unreachable_recipient',
};

/** `reason` of the same, where it says more of a call that was not answered. */
export const sinchDisconnects: Readonly<Record<string, Reason>> = {
  // The phone ended a call that it had not taken.
  CALLEEHANGUP: 'declined',
  TIMEOUT: 'no_answer',
  BLOCKED: 'destination_refused',
  NOCREDITPARTNER: 'insufficient_credit',
  CONGESTION: 'network_error',
  GENERALERROR: 'network_error',
  CALLBACKERROR: 'misconfigured',
  USERNOTFOUND: 'invalid_recipient',
};
