import type { CompiledQuery, Selectable } from 'kysely';
import type { LinkTable } from '../../db/schema/templates.ts';
import type { MessageCaller, MessageInput } from './create.ts';
import type { WordedMessage } from './words.ts';

/** Words of one message, whose links become its recipient's alone. */
export interface ToShorten {
  messageId: string;
  project: string;
  mode: 'live' | 'test';
  campaignId: string | null;
  recipientHash: string;
  recipientMasked: string;
  text: string;
  html?: string;
  /** Of a WhatsApp template. */
  parameters?: readonly string[];
  utm?: Readonly<Record<string, string>>;
}

export interface Shortened {
  text: string;
  html?: string;
  parameters?: string[];
  /** To be inserted in the transaction of the message. */
  rows: Selectable<LinkTable>[];
}

/**
 * For campaigns: `shorten` the messages of a chunk, then commit `insert` of all their rows in the same transaction as
 * the messages, one statement whatever their number. A rerun makes the same links and changes nothing.
 */
export interface Shortener {
  shorten(message: ToShorten, now: number): Shortened;
  insert(rows: readonly Selectable<LinkTable>[]): CompiledQuery | null;
}

type Worded = Extract<WordedMessage, { kind: 'worded' }>;

export type WithShortLinks =
  | { kind: 'shortened'; input: MessageInput; extra: Worded['extra']; links: Shortened['rows'] }
  | { kind: 'invalid'; pointer: string; message: string };

/** Where the message asks for it, its links are its own from here on. */
export function shortenLinks(
  shortener: Shortener | null,
  { project, mode }: MessageCaller,
  { input, extra }: Worded,
  message: { id: string; hash: string; masked: string },
  now: number,
): WithShortLinks {
  if (!input.shorten_links) return { kind: 'shortened', input, extra, links: [] };
  if (!shortener) {
    return { kind: 'invalid', pointer: '/shorten_links', message: 'needs links.base_url in the configuration' };
  }
  const { html, whatsapp } = extra;
  const parameters = whatsapp?.parameters;
  const words = { text: input.text ?? '', ...(html !== undefined && { html }), ...(parameters && { parameters }) };
  const { id: messageId, hash: recipientHash, masked: recipientMasked } = message;
  const owner = { messageId, project, mode, campaignId: null, recipientHash, recipientMasked };
  const { text, html: shortHtml, rows, parameters: shortParameters } = shortener.shorten({ ...owner, ...words }, now);
  return {
    kind: 'shortened',
    input: input.text === undefined ? input : { ...input, text },
    extra: {
      ...extra,
      ...(shortHtml !== undefined && { html: shortHtml }),
      ...(whatsapp && shortParameters && { whatsapp: { ...whatsapp, parameters: shortParameters } }),
    },
    links: rows,
  };
}
