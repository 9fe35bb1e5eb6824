import type { Channel } from '../../lib/channels.ts';
import type { OutboundMessage } from '../provider.ts';
import type { Wording } from './wording.ts';

/** What a code message has to say. */
export interface CodeText {
  channel: Channel;
  code: string;
  locale: string;
  brand: string;
  /** What the code is bound to: shown first, amount and payee before the rest (Regulation (EU) 2018/389, Art. 5(1)(a)). */
  context: Record<string, string> | null;
  /** Host for the WebOTP line; one that the project has verified. */
  origin?: string;
  /** One that the project has registered. */
  androidAppHash?: string;
  validitySeconds: number;
  /** Calls only. Without it the code is said twice, to whoever answers. */
  voice?: SpokenManner;
}

/** How a call says a code, as the project's policy has it. */
export interface SpokenManner {
  /** The code is said only to who presses this key: a mailbox does not. Null: to whoever answers. */
  pressKey: string | null;
  /** How often the code is said. */
  repeats: number;
  /** Relative to the voice's own. */
  pace: number;
  /** `female`, `male` or a carrier's own name; null: the carrier's choice for the language. */
  voice: string | null;
  /** The brand as it is to be pronounced; null: as it is written. */
  brand: string | null;
}

/** `locale` is the language the words are really in. */
export type ComposedCode = Pick<OutboundMessage, 'text' | 'locale' | 'subject' | 'html' | 'script'>;

/** The words for a message. */
export interface Language {
  /** As it was asked for: for the voice that reads them. */
  tag: string;
  /** As there are words for it. */
  name: string;
  wording: Wording;
}
