import { encodeText } from '../../../lib/text/encode-text.ts';
import type { OutboundMessage } from '../../provider.ts';

/** What goes to the carrier, and whether it needs UCS-2: told to carriers that would otherwise guess or thin it out. */
export function smsText({ text, smartEncoding }: OutboundMessage): { text: string; unicode: boolean } {
  const encoded = encodeText(text, { smart: smartEncoding ?? false });
  return { text: encoded.text, unicode: encoded.encoding === 'ucs2' };
}
