import { expect, test } from 'vitest';
import { twilioVoices } from '../../../src/delivery/providers/twilio-voice-codes.ts';
import { findByLanguage } from '../../../src/delivery/voice/find-by-language.ts';
import { chooseNamedVoice, pollyVoices } from '../../../src/delivery/voice/polly-voices.ts';
import { script } from './calls.ts';

test.each([
  ['en', 'Polly.Joanna'],
  ['en-GB', 'Polly.Amy'],
  ['en-ZA', 'Polly.Joanna'],
  ['fr-BE', 'Polly.Celine'],
  ['fr-ca', 'Polly.Chantal'],
  ['pt', 'Polly.Cristiano'],
  ['pt-AO', 'Polly.Cristiano'],
  ['pt-BR', 'Polly.Camila'],
  ['zh', 'Polly.Zhiyu'],
  ['zh-CN', 'Polly.Zhiyu'],
  ['zh-Hant', 'Google.cmn-TW-Standard-A'],
  ['zh-TW', 'Google.cmn-TW-Standard-A'],
  ['zh-HK', 'Google.yue-HK-Standard-A'],
  ['iw', 'Google.he-IL-Standard-D'],
  ['sr-Latn', 'Google.sr-RS-Standard-A'],
  ['ar-SA', 'Polly.Zeina'],
  ['ka', undefined],
  ['constructor', undefined],
  ['not a tag', undefined],
])('%s is read by %s', (locale, voice) => {
  expect(findByLanguage(twilioVoices, locale)).toBe(voice);
});

const polly = /^Polly\.\w+$/;

test('the voice that a policy names is taken where the carrier has its kind', () => {
  expect(chooseNamedVoice({ ...script, voice: 'Polly.Brian' }, pollyVoices, polly)).toBe('Polly.Brian');
  expect(chooseNamedVoice({ ...script, voice: '"><Play>' }, pollyVoices, polly)).toBe('Polly.Joanna');
  expect(chooseNamedVoice({ ...script, voice: 'female' }, pollyVoices, polly)).toBe('Polly.Joanna');
});
