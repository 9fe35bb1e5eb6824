import { type Messages, messages } from './messages.ts';

/** `tag`: the language the words are really in, for the voice that reads them. */
export interface LocalizedMessages {
  tag: string;
  words: Messages;
}

/** fr-CA → fr, zh-TW → zh-Hant; English when nothing matches. */
export function messagesFor(locale: string): LocalizedMessages {
  for (const name of candidates(locale)) {
    if (Object.hasOwn(messages, name)) return { tag: locale, words: messages[name as keyof typeof messages] };
  }
  return { tag: 'en', words: messages.en };
}

function candidates(locale: string): string[] {
  if (Object.hasOwn(messages, locale)) return [locale];
  try {
    const { language, script } = new Intl.Locale(locale).maximize();
    return [`${language}-${script}`, language];
  } catch {
    return []; // not a language tag
  }
}
