import type { OutboundMessage } from '../provider.ts';
import type { CallState } from './call-state.ts';

/** The call that a message asks for; a text that nobody has taken apart is said twice. */
export function callOf({ reference, to, from, script, text, locale }: OutboundMessage): CallState {
  const plain = { locale, greeting: '', body: [{ say: text }], repeats: 2, goodbye: '' };
  return { reference, to, from, script: script ?? plain };
}
