import type { CallRetry } from '../../lib/call-retry.ts';
import type { OutboundMessage } from '../provider.ts';

/** What is sent, as it is kept with the message. */
export interface MessageContent {
  /** Empty where a recording is played. */
  text: string;
  subject?: string;
  smartEncoding?: boolean;
  call?: CallContent;
  /** E-mail only. */
  html?: string;
  whatsapp?: NonNullable<OutboundMessage['whatsapp']>;
  /** Whose words they are. */
  template?: { id: string; version: number };
}

/** How a message is said, as it was asked for and as the policy was then. */
export interface CallContent {
  recording?: { id: string; seconds: number };
  repeats: number;
  /** Said only to who presses it. */
  pressKey?: string;
  /** For who wants no more of them. */
  optOutKey?: string;
  retry: CallRetry;
  brand: string;
  pace?: number;
  voice?: string;
}

export function readContent(json: string | null): MessageContent {
  return json === null ? { text: '' } : (JSON.parse(json) as MessageContent);
}
