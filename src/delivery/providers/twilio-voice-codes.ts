import type { ByLanguage } from '../voice/find-by-language.ts';
import { pollyVoices } from '../voice/polly-voices.ts';
import type { CodeVerdict } from './support/verdict.ts';
import { twilioErrors } from './twilio-codes.ts';

/** Twilio, "Error and Warning Dictionary" (twilio.com/docs/api/errors): what is said of calls only. */
export const twilioCallErrors: Readonly<Record<string, CodeVerdict>> = {
  ...twilioErrors,
  '10003': ['failed', 'destination_refused'],
  '10004': ['failed', 'rate_limited'],
  '13223': ['rejected', 'invalid_recipient'],
  '13224': ['rejected', 'invalid_recipient'],
  '13225': ['failed', 'destination_refused'],
  '13227': ['failed', 'destination_refused'],
  '21201': ['rejected', 'invalid_recipient'],
  '21202': ['failed', 'destination_refused'],
  '21203': ['failed', 'destination_refused'],
  '21205': ['failed', 'misconfigured'],
  '21210': ['failed', 'sender_refused'],
  '21213': ['failed', 'sender_refused'],
  '21214': ['rejected', 'unreachable_recipient'],
  '21215': ['failed', 'destination_refused'],
  '21216': ['failed', 'destination_refused'],
  '21219': ['failed', 'destination_refused'],
};

/** Polly's, and Google's standard voices for what Polly does not speak ("Available voices and languages"). */
export const twilioVoices: ByLanguage<string> = {
  ...pollyVoices,
  af: 'Google.af-ZA-Standard-A',
  am: 'Google.am-ET-Standard-A',
  bg: 'Google.bg-BG-Standard-A',
  bn: 'Google.bn-IN-Standard-C',
  ca: 'Google.ca-ES-Standard-A',
  cs: 'Google.cs-CZ-Standard-A',
  el: 'Google.el-GR-Standard-A',
  fi: 'Google.fi-FI-Standard-A',
  fil: 'Google.fil-PH-Standard-A',
  gu: 'Google.gu-IN-Standard-A',
  he: 'Google.he-IL-Standard-D',
  hu: 'Google.hu-HU-Standard-A',
  id: 'Google.id-ID-Standard-A',
  lt: 'Google.lt-LT-Standard-A',
  lv: 'Google.lv-LV-Standard-A',
  mr: 'Google.mr-IN-Standard-A',
  ms: 'Google.ms-MY-Standard-A',
  sk: 'Google.sk-SK-Standard-A',
  sr: 'Google.sr-RS-Standard-A',
  ta: 'Google.ta-IN-Standard-C',
  te: 'Google.te-IN-Standard-A',
  th: 'Google.th-TH-Standard-A',
  uk: 'Google.uk-UA-Standard-A',
  vi: 'Google.vi-VN-Standard-A',
  yue: 'Google.yue-HK-Standard-A',
  'zh-HK': 'Google.yue-HK-Standard-A',
  'zh-TW': 'Google.cmn-TW-Standard-A',
};
