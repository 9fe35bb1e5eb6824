import { hash } from 'node:crypto';
import type { MessageTable } from '../../db/schema.ts';
import { cleanBody } from '../../delivery/messages/clean-body.ts';
import type { CallContent, MessageContent } from '../../delivery/messages/content.ts';
import { hasWords, MAX_SPOKEN } from '../../delivery/messages/read-call.ts';
import { type Recipient, readRecipient } from '../../delivery/messages/recipient.ts';
import type { BulkMessage } from '../../delivery/messages/send-bulk.ts';
import type { Shortened, Shortener } from '../../delivery/messages/short-links.ts';
import { UNSENT } from '../../delivery/messages/unsent-message.ts';
import { encodeId } from '../../lib/ids.ts';
import { measureText } from '../../lib/text/encode-text.ts';
import type { CompiledTemplate } from '../templates/compile-template.ts';
import { renderTemplate } from '../templates/render-template.ts';
import type { RenderedMessage, Value } from '../templates/template.ts';
import { mentionOptOut } from '../windows/mention-opt-out.ts';
import type { OptOutMentions } from '../windows/sending-rules.ts';
import type { CampaignContent, CampaignRow } from './campaign.ts';
import type { WaitingRecipient } from './load-recipients.ts';

/** More than a carrier joins together reliably. */
const MAX_SEGMENTS = 10;

/** What a campaign, or a variant of it, says; ready to be filled in. */
export interface Script {
  content: CampaignContent;
  /** Null: it brings its own words. */
  template: { id: string; version: number; compiled: CompiledTemplate } | null;
  /** By the project's rules. */
  mentions: OptOutMentions;
}

export type Worded =
  | {
      kind: 'worded';
      row: MessageTable;
      words: BulkMessage['words'];
      links: Shortened['rows'];
      /** How often it may be charged for: a call is made again to who was busy. */
      times: number;
    }
  | Skipped;

interface Skipped {
  kind: 'skipped';
  reason: string;
}

/** One message of a campaign for a contact has one id, whoever makes it. */
export function messageIdOf(campaign: string, contact: string): string {
  return `msg_${encodeId(hash('sha256', `campaign\0${campaign}\0${contact}`, 'buffer').subarray(0, 26))}`;
}

/** The message before its words are known: what a route is chosen by. Null: there is no such address. */
export function addressMessage(
  campaign: CampaignRow,
  { contact_id, address, address_hash, locale }: WaitingRecipient,
  expiresAt: number,
  now: number,
): MessageTable | null {
  const recipient: Recipient | null = address === null ? null : readRecipient(campaign.channel, address);
  if (!recipient || address_hash === null) return null;
  return {
    ...UNSENT,
    id: messageIdOf(campaign.id, contact_id),
    project_id: campaign.project_id,
    mode: campaign.mode,
    purpose: campaign.purpose,
    channel: campaign.channel,
    recipient: recipient.address,
    recipient_hash: address_hash,
    recipient_masked: recipient.masked,
    verification_id: null,
    send_index: null,
    sender: campaign.sender,
    locale,
    country: recipient.country,
    status: 'accepted',
    actor: campaign.actor,
    expires_at: expiresAt,
    created_at: now,
    updated_at: now,
    campaign_id: campaign.id,
    contact_id,
  };
}

export function wordRecipient(
  script: Script,
  row: MessageTable,
  attributes: string | null,
  shortener: Shortener | null,
  now: number,
): Worded {
  const rendered = renderFor(script, row, attributes);
  if (rendered.kind === 'skipped') return rendered;
  const { content } = script;
  const { message, locale } = rendered;
  const short = content.shorten_links && shortener ? shorten(shortener, content, row, message, now) : null;
  const body = cleanBody(short?.text ?? message.text);
  const call = row.channel === 'voice' ? content.call : undefined;
  if (body === '' && !call?.recording) return skip('empty_text');
  if (call && !canSay(call, body, locale)) return skip(body.length > MAX_SPOKEN ? 'too_long' : 'no_words_for_keys');
  const text = mentionOptOut(body, row, script.mentions);
  const size = row.channel === 'sms' ? measureText(text, { smart: content.smart_encoding ?? false }) : null;
  if (size && size.segments > MAX_SEGMENTS) return skip('too_long');
  const html = short?.html ?? message.html;
  const said = {
    text,
    ...(message.subject !== undefined && { subject: cleanBody(message.subject).replaceAll('\n', ' ') }),
    ...(html !== undefined && { html }),
    ...(message.whatsapp && {
      whatsapp: { ...message.whatsapp, parameters: short?.parameters ?? message.whatsapp.parameters },
    }),
    ...(content.smart_encoding && { smartEncoding: true }),
    ...(call && { call }),
  };
  const { template } = script;
  const kept: MessageContent = {
    ...said,
    ...(template && { template: { id: template.id, version: template.version } }),
  };
  const { project_id: project, mode, purpose, recipient: to } = row;
  const channel = message.channel;
  return {
    kind: 'worded',
    row: {
      ...{ ...row, content: JSON.stringify(kept), locale },
      ...{ encoding: size?.encoding ?? null, segments: size?.segments ?? null },
    },
    words: { ...{ project, mode, channel, purpose, to }, locale: locale ?? 'en', ...said },
    links: short?.rows ?? [],
    times: call?.retry.attempts ?? 1,
  };
}

const skip = (reason: string): Skipped => ({ kind: 'skipped', reason });

function canSay({ pressKey, optOutKey }: CallContent, text: string, locale: string | null): boolean {
  return text.length <= MAX_SPOKEN && ((pressKey ?? optOutKey) === undefined || hasWords(locale ?? 'en'));
}

type Said = { kind: 'said'; message: RenderedMessage; locale: string | null } | Skipped;

function renderFor({ content, template }: Script, row: MessageTable, attributes: string | null): Said {
  const channel = row.channel as RenderedMessage['channel'];
  const locale = content.locale ?? (template || channel !== 'voice' ? (row.locale ?? undefined) : 'en');
  if (!template) {
    const { text = '', subject } = content;
    const message = { channel, locale: locale ?? 'en', text, ...(subject !== undefined && { subject }) };
    return { kind: 'said', message, locale: locale ?? null };
  }
  const variables = fillVariables(content, template.compiled, attributes);
  const rendered = renderTemplate(template.compiled, { channel, locale, variables });
  if (rendered.kind === 'ok') return { kind: 'said', message: rendered.message, locale: rendered.message.locale };
  const isMissing = rendered.errors.some(({ message }) => message === 'is required');
  return skip(isMissing ? 'missing_variable' : 'invalid_variable');
}

/** Those given, else the contact's attribute of the same name. */
export function fillVariables(
  { variables = {} }: CampaignContent,
  compiled: CompiledTemplate,
  attributes: string | null,
): Record<string, Value> {
  const known = (attributes === null ? {} : JSON.parse(attributes)) as Record<string, Value | boolean | null>;
  const filled: Record<string, Value> = {};
  for (const name of compiled.variables.keys()) {
    const given = variables[name] ?? { attribute: name };
    const value = typeof given === 'object' && 'attribute' in given ? known[given.attribute] : given;
    if (value !== undefined && value !== null) filled[name] = typeof value === 'boolean' ? String(value) : value;
  }
  return filled;
}

function shorten(
  shortener: Shortener,
  { utm }: CampaignContent,
  { id, project_id: project, mode, campaign_id: campaignId, recipient_hash, recipient_masked }: MessageTable,
  { text, html, whatsapp }: RenderedMessage,
  now: number,
): Shortened {
  return shortener.shorten(
    {
      ...{ messageId: id, project, mode, campaignId, recipientHash: recipient_hash, recipientMasked: recipient_masked },
      ...{ text, ...(html !== undefined && { html }), ...(utm && { utm }) },
      ...(whatsapp && { parameters: whatsapp.parameters }),
    },
    now,
  );
}
