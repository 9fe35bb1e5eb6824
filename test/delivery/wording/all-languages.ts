import type { CodeText, ComposedCode, Language } from '../../../src/delivery/wording/code-text.ts';
import { composeCode } from '../../../src/delivery/wording/compose.ts';
import { LOCALES, loadLocale } from '../../../src/delivery/wording/locales.ts';

export const NAMES = [...LOCALES];
export const CHANNELS = ['sms', 'voice', 'email', 'whatsapp', 'telegram'] as const;
export const HOST = 'login.example.com';
export const APP_HASH = 'FA+9qCX9VSu';
export const payment = { amount: '100.00', currency: 'EUR', payee: 'Corner Shop' };

const entries = NAMES.map(async (name) => [name, { tag: name, name, wording: await loadLocale(name) }] as const);
export const languages: ReadonlyMap<string, Language> = new Map(await Promise.all(entries));

export function languageOf(name: string): Language {
  const language = languages.get(name);
  if (!language) throw new Error(`there is no language ${name}`);
  return language;
}

/** A login code for Acme by SMS, unless said otherwise. */
export function codeText(changes: Partial<CodeText> = {}): CodeText {
  const plain = { channel: 'sms', code: '012345', locale: 'en', brand: 'Acme', context: null } as const;
  return { ...plain, validitySeconds: 600, ...changes };
}

export function compose(changes: Partial<CodeText> = {}): ComposedCode {
  const message = codeText(changes);
  return composeCode(message, languageOf(message.locale));
}

export const textOf = (changes: Partial<CodeText> = {}): string => compose(changes).text;
