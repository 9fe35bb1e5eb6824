import type { Actor } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { CreateResult, MessageCaller, MessageInput } from '../../delivery/messages/create.ts';
import type { Owner } from '../contacts/contact.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import type { CampaignContent, CampaignRow } from './campaign.ts';
import { campaignEvent } from './campaign-event.ts';
import { contentOf } from './split.ts';
import { fillVariables } from './word-recipient.ts';

export interface TestSend {
  to: readonly string[];
  /** Whose attributes fill the template. */
  contactId: string | null;
  variant: string | null;
}

export interface TestSendDeps {
  db: Database;
  templateReader: TemplateReader;
  create(caller: MessageCaller, input: MessageInput, now: number, seed?: string): Promise<CreateResult>;
}

/**
 * What the campaign says, to addresses of the project's own choice. They are messages by themselves: no part of the
 * campaign's ledger, its figures or its money, told by their metadata, and transactional, for nobody is advertised to.
 */
export async function sendTests(
  { db, templateReader, create }: TestSendDeps,
  campaign: CampaignRow,
  { to, contactId, variant }: TestSend,
  { caller, actor, seed }: { caller: MessageCaller; actor: Actor; seed: string },
  now: number,
): Promise<CreateResult[]> {
  const owner = { project: campaign.project_id, mode: campaign.mode };
  const content = contentOf(campaign, variant);
  const { template } = content;
  const found = template && (await templateReader.find(owner, template.id, template.version));
  const attributes = await attributesOf(db, owner, contactId);
  const input = {
    ...toInput(campaign, content),
    ...(found && { variables: fillVariables(content, found.compiled, attributes) }),
  };
  const results: CreateResult[] = [];
  for (const address of to) results.push(await create(caller, { ...input, to: address }, now, `${seed}\0${address}`));
  const made = results.filter(({ kind }) => kind === 'created').length;
  await writeTransaction(db, {}, (trx) =>
    insertEvents(trx, [
      campaignEvent('campaign.tested', campaign, actor, now, { messages: made, ...(variant !== null && { variant }) }),
    ]),
  );
  return results;
}

async function attributesOf({ kysely }: Database, { project, mode }: Owner, id: string | null): Promise<string | null> {
  if (id === null) return null;
  const row = await kysely
    .selectFrom('contacts')
    .select('attributes')
    .where('id', '=', id)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .executeTakeFirst();
  return row?.attributes ?? null;
}

function toInput(
  { id, channel, sender }: CampaignRow,
  { template, text, subject, locale, smart_encoding, shorten_links }: CampaignContent,
): Omit<MessageInput, 'to'> {
  return {
    channel,
    purpose: 'transactional',
    metadata: { campaign_test: id },
    ...(sender !== null && { sender }),
    ...(locale !== undefined && { locale }),
    ...(smart_encoding !== undefined && { smart_encoding }),
    ...(shorten_links !== undefined && { shorten_links }),
    ...(text !== undefined && { text }),
    ...(subject !== undefined && { subject }),
    ...(template && { template: template.id }),
    ...(template && template.version !== null && { template_version: template.version }),
  };
}
