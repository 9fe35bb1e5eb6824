import type { SpokenScript } from '../provider.ts';
import { type ByLanguage, findByLanguage } from './find-by-language.ts';

/**
 * Standard voices of Amazon Polly (docs.aws.amazon.com/polly/latest/dg/available-voices.html) under the names that
 * Twilio and Plivo give them (twilio.com/docs/voice/twiml/say/text-speech, plivo.com/docs/voice/concepts/ssml). All of
 * them take breaks and a rate.
 */
export const pollyVoices: ByLanguage<string> = {
  ar: 'Polly.Zeina',
  cy: 'Polly.Gwyneth',
  da: 'Polly.Naja',
  de: 'Polly.Vicki',
  en: 'Polly.Joanna',
  'en-AU': 'Polly.Nicole',
  'en-GB': 'Polly.Amy',
  'en-IE': 'Polly.Amy',
  'en-IN': 'Polly.Raveena',
  es: 'Polly.Lucia',
  'es-MX': 'Polly.Mia',
  'es-US': 'Polly.Lupe',
  fr: 'Polly.Celine',
  'fr-CA': 'Polly.Chantal',
  hi: 'Polly.Aditi',
  is: 'Polly.Dora',
  it: 'Polly.Bianca',
  ja: 'Polly.Mizuki',
  ko: 'Polly.Seoyeon',
  nb: 'Polly.Liv',
  nl: 'Polly.Lotte',
  nn: 'Polly.Liv',
  no: 'Polly.Liv',
  pl: 'Polly.Ewa',
  pt: 'Polly.Cristiano',
  'pt-BR': 'Polly.Camila',
  ro: 'Polly.Carmen',
  ru: 'Polly.Tatyana',
  sv: 'Polly.Astrid',
  tr: 'Polly.Filiz',
  zh: 'Polly.Zhiyu',
};

/** The voice that a policy names where the carrier has such voices, else the one of the language. */
export function chooseNamedVoice(script: SpokenScript, voices: ByLanguage<string>, known: RegExp): string | undefined {
  const { locale, voice } = script;
  return voice !== undefined && known.test(voice) ? voice : findByLanguage(voices, locale);
}
