import type { Channel } from '../../lib/channels.ts';
import { cleanText } from '../../lib/text/clean.ts';
import type { SenderKind } from './table-schema.ts';

export const CHANNELS_OF_KIND: Record<SenderKind, readonly Channel[]> = {
  alphanumeric: ['sms'],
  long: ['sms', 'voice', 'whatsapp'],
  short_code: ['sms'],
  email: ['email'],
};

/** 3GPP TS 23.040 §9.1.2.5: an alphanumeric sender has at most eleven characters. */
const MAX_NAME = 11;
const DEFAULT_NAME = 'Countersign';

const FORMS: Record<SenderKind, { form: RegExp; wanted: string }> = {
  // Carriers take few characters beside letters and digits, and refuse names that could be numbers.
  alphanumeric: {
    form: /^(?=.*[A-Za-z])[A-Za-z0-9 .&_+-]{1,11}$/,
    wanted: 'must have at most 11 characters of A-Z a-z 0-9 space . & _ + - and at least one letter',
  },
  long: { form: /^\+[1-9]\d{6,14}$/, wanted: 'must be a number in E.164 form, like +33612345678' },
  short_code: { form: /^\d{3,8}$/, wanted: 'must have 3 to 8 digits and nothing else' },
  email: { form: /^[^\s@<>"]{1,64}@[^\s@<>"]+\.[^\s@<>"]+$/, wanted: 'must be an e-mail address' },
};

/** What is wrong with it as a sender of this kind; null when nothing is. */
export function senderProblem(kind: SenderKind, value: string): string | null {
  const { form, wanted } = FORMS[kind];
  return form.test(value) ? null : wanted;
}

/** The name of an app as an alphanumeric sender. */
export function senderOfBrand(brand: string | undefined): string {
  const name = cleanText(brand ?? '')
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9 ]/g, '')
    .slice(0, MAX_NAME)
    .trim();
  return /[A-Za-z]/.test(name) ? name : DEFAULT_NAME;
}
