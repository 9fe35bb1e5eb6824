import type { ProviderChoice } from '../../delivery/choose-provider.ts';
import { composeCall } from '../../delivery/messages/compose-call.ts';
import { readContent } from '../../delivery/messages/content.ts';
import { type Preview, previewMessage } from '../../delivery/messages/preview.ts';
import type { Shortener } from '../../delivery/messages/short-links.ts';
import type { CampaignRow } from './campaign.ts';
import type { WaitingRecipient } from './load-recipients.ts';
import { addressMessage, type Script, wordRecipient } from './word-recipient.ts';

export interface SayDeps {
  choice: Pick<ProviderChoice, 'route'>;
  shortener: Shortener | null;
}

export type Said = { kind: 'said'; message: Preview } | { kind: 'skipped'; reason: string };

/** What one of its recipients would get: of a call what is spoken. Sends and keeps nothing. */
export async function sayToContact(
  { choice, shortener }: SayDeps,
  campaign: CampaignRow,
  script: Script,
  contact: WaitingRecipient,
  now: number,
): Promise<Said> {
  const addressed = addressMessage(campaign, contact, now, now);
  if (!addressed) return { kind: 'skipped', reason: contact.address === null ? 'no_address' : 'invalid_address' };
  const worded = wordRecipient(script, addressed, contact.attributes, shortener, now);
  if (worded.kind === 'skipped') return worded;
  const { row } = worded;
  const { call, ...content } = readContent(row.content);
  const spoken = call && (await composeCall({ ...content, call }, row.locale ?? 'en'));
  const message = previewMessage(
    choice,
    {
      ...{ project: row.project_id, mode: row.mode, channel: campaign.channel, purpose: campaign.purpose },
      recipient: { address: row.recipient, masked: row.recipient_masked, country: row.country },
      ...(row.sender !== null && { sender: row.sender }),
      content: { ...content, ...(spoken && { text: spoken.text }) },
    },
    now,
  );
  return { kind: 'said', message };
}
