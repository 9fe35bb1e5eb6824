import type { OutboundMessage, SpokenScript } from '../provider.ts';

/** What is said for a message; a text that nobody has taken apart is said twice. */
export function scriptOf({ script, text, locale }: OutboundMessage): SpokenScript {
  return script ?? { locale, greeting: '', body: [{ say: text }], repeats: 2, goodbye: '' };
}
