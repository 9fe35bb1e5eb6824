import type { CodeText, ComposedCode, Language } from './code-text.ts';
import { composeEmail } from './compose-email.ts';
import { composeScript } from './compose-script.ts';
import { composeChat, composeSms } from './compose-sms.ts';

/** A code message in our own words. Values are data: one line each, nothing in them interpreted. */
export function composeCode(message: CodeText, language: Language): ComposedCode & { hashLeftOut?: boolean } {
  const locale = language.tag;
  switch (message.channel) {
    case 'sms':
      return { ...composeSms(message, language), locale };
    case 'voice':
      return composeScript(message, language);
    case 'email':
      return composeEmail(message, language);
    default:
      return { text: composeChat(message, language), locale };
  }
}
