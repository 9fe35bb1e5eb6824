import type { Channel } from '../../lib/channels.ts';
import { fromUnits, toUnits } from '../../lib/decimal.ts';
import { encodeText } from '../../lib/text/encode-text.ts';
import type { Replacement } from '../../lib/text/transliterate.ts';
import type { ProviderChoice } from '../choose-provider.ts';
import type { Price } from '../provider.ts';
import { cleanBody } from './clean-body.ts';
import type { MessageContent } from './content.ts';
import type { Recipient } from './recipient.ts';

/** A message as it would go out. */
export interface PreviewedMessage {
  project: string;
  mode: 'live' | 'test';
  channel: Channel;
  purpose: 'transactional' | 'marketing';
  /** Null: nobody in particular; there is no route and no cost then. */
  recipient: Recipient | null;
  sender?: string | undefined;
  content: Pick<MessageContent, 'text' | 'subject' | 'html' | 'whatsapp' | 'smartEncoding'>;
}

export interface Preview {
  channel: Channel;
  /** As it arrives. */
  text: string;
  subject: string | null;
  html: string | null;
  whatsapp: MessageContent['whatsapp'] | null;
  /** Of an SMS; null for other channels. */
  sms: PreviewedSms | null;
  /** Who would carry it now, and what that is expected to cost. */
  route: { provider: string; sender: string; cost: Price | null } | null;
}

interface PreviewedSms {
  segments: readonly string[];
  encoding: 'gsm7' | 'ucs2';
  units: number;
  /** Room left in the last segment. */
  remaining: number;
  replaced: readonly Replacement[];
  /** What keeps it out of the 7-bit alphabet. */
  unmapped: readonly string[];
}

/** The same encoding and the same route as sending takes. Touches memory only. */
export function previewMessage(choice: Pick<ProviderChoice, 'route'>, message: PreviewedMessage, now: number): Preview {
  const { channel, content } = message;
  const body = cleanBody(content.text);
  const encoded = channel === 'sms' ? encodeText(body, { smart: content.smartEncoding ?? false }) : null;
  return {
    channel,
    text: encoded?.text ?? body,
    subject: content.subject === undefined ? null : cleanBody(content.subject).replaceAll('\n', ' '),
    html: content.html ?? null,
    whatsapp: content.whatsapp ?? null,
    sms: encoded && {
      segments: encoded.segments.map(({ text }) => text),
      encoding: encoded.encoding,
      units: encoded.units,
      remaining: encoded.remaining,
      replaced: encoded.replaced,
      unmapped: encoded.unmapped,
    },
    route: routeOf(choice, message, encoded?.segments.length ?? 1, now),
  };
}

function routeOf(
  choice: Pick<ProviderChoice, 'route'>,
  { project, mode, channel, purpose, recipient, sender }: PreviewedMessage,
  count: number,
  now: number,
): Preview['route'] {
  if (!recipient) return null;
  const { address: to, country } = recipient;
  const facts = { project, mode, channel, purpose, to, country, ...(sender !== undefined && { sender }) };
  const [first] = choice.route(facts, now).candidates;
  if (!first) return null;
  return { provider: first.provider, sender: first.sender, cost: first.cost && times(first.cost, count) };
}

/** What a segment costs, for all of them. */
function times({ amount, currency }: Price, count: number): Price {
  return { amount: fromUnits(toUnits(amount) * BigInt(count)), currency };
}
