import type { OutboundMessage, SpokenScript } from '../../../src/delivery/provider.ts';
import { outbound } from '../providers/provider-rig.ts';

export const script: SpokenScript = {
  locale: 'en',
  greeting: 'Hello. Example & Co.',
  gate: { key: '1', prompt: 'To hear your code, press 1.' },
  body: [
    { say: 'Amount: 12.00 EUR.' },
    { say: 'To confirm, enter' },
    { digits: '493027' },
    { pauseMs: 700 },
    { say: 'Once more' },
    { digits: '493027' },
  ],
  repeats: 1,
  goodbye: 'Goodbye.',
};

export const { gate: _gate, ...ungated } = script;

/** A call, with its code behind a key. */
export function call(over: Partial<OutboundMessage> = {}): OutboundMessage {
  return outbound({ channel: 'voice', from: '+15005550006', text: 'Hello. 4, 9, 3, 0, 2, 7.', script, ...over });
}

/** Whether a document would have the code said, however it is taken apart. */
export const saysCode = (document: string) => document.replace(/<[^>]*>|\D/g, '').includes('493027');
