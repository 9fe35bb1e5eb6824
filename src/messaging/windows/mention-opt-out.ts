import type { WordMessage } from '../../delivery/messages/words.ts';
import { parsePhone } from '../../lib/phone.ts';
import type { Owner } from '../contacts/contact.ts';
import type { OptOutMentions, ProjectRules } from './sending-rules.ts';

interface Said {
  channel: string;
  purpose: string;
  /** Of the number. */
  country: string | null;
}

/** With how to stop it, where the project has marketing texts to the country say so and this one does not yet. */
export function mentionOptOut(text: string, { channel, purpose, country }: Said, mentions: OptOutMentions): string {
  if (channel !== 'sms' || purpose !== 'marketing' || country === null) return text;
  const mention = mentions[country];
  if (mention === undefined || text.toUpperCase().includes(mention.toUpperCase())) return text;
  return `${text.trimEnd()}\n${mention}`;
}

/** The same for messages that are made one by one. */
export function mentioningOptOut(
  wordMessage: WordMessage,
  rulesOf: (owner: Owner) => Promise<ProjectRules>,
): WordMessage {
  return async (caller, given) => {
    const worded = await wordMessage(caller, given);
    if (worded.kind !== 'worded') return worded;
    const { input } = worded;
    const { channel = 'sms', purpose = 'transactional', text } = input;
    if (channel !== 'sms' || purpose !== 'marketing' || text === undefined) return worded;
    const { optOutMentions } = await rulesOf(caller);
    const country = parsePhone(input.to)?.country ?? null;
    return { ...worded, input: { ...input, text: mentionOptOut(text, { channel, purpose, country }, optOutMentions) } };
  };
}
