import type { KeyObject } from 'node:crypto';
import type { Database } from '../../db/open.ts';
import type { CreateResult, MessageCaller, MessageInput } from '../../delivery/messages/create.ts';
import type { InboundRow } from '../../delivery/messages/keep-inbound.ts';
import type { Channel } from '../../lib/channels.ts';
import type { Now } from '../../lib/clock.ts';
import { parsePhone } from '../../lib/phone.ts';
import { confirmByReply } from './confirm-opt-in.ts';
import { findReplyOwners, type ReplyOwner } from './find-reply-owners.ts';
import { languagesOf } from './keywords/country-languages.ts';
import { type ReadReply, readReply } from './keywords/read-reply.ts';
import { optIn, optOut, type Reply } from './opt.ts';
import { type ReplyTexts, replyTexts } from './reply-texts.ts';
import { type ConsentSettings, readSettings } from './settings.ts';
import { createConsentStatements } from './statements.ts';
import { readAddressee } from './subject.ts';

/** Records a message and has it sent; a rerun with the same seed sends nothing twice. */
export type SendMessage = (
  caller: MessageCaller,
  input: MessageInput,
  now: number,
  seed: string,
) => Promise<CreateResult>;

export interface ReplyDeps {
  db: Database;
  hashKey: KeyObject;
  now: Now;
  send: SendMessage;
  /** What a project is called. */
  profileOf(project: string): Promise<{ brand: string }>;
}

type Answer = 'stopped' | 'started' | 'help';

/** What became of a reply: those that consent has nothing to do with go on to others. */
export interface TakenReply {
  inbound: InboundRow;
  read: ReadReply | null;
}

/**
 * Messages from phones, as they are kept: STOP holds when this resolves, before the carrier hears that we have it. Given
 * the same message again, nothing happens twice; what the first time did not get to is done.
 */
export function createReplyTaker(deps: ReplyDeps) {
  const { db, hashKey, now, send } = deps;
  const statements = createConsentStatements(db);

  async function take(inbound: InboundRow): Promise<TakenReply> {
    // The receipt of the call has told of the key that was pressed.
    if (inbound.channel === 'voice') return { inbound, read: null };
    const who = readAddressee(hashKey, inbound.sender, inbound.channel as Channel);
    const country = parsePhone(inbound.sender)?.country ?? null;
    const read = readReply(inbound.text, country);
    if (!who || !read) return { inbound, read: null };
    const reply = { inbound, who, read, at: now() };
    for (const owner of await findReplyOwners(db, inbound, who.hash)) {
      const settings = await readSettings(db.kysely, owner);
      const answer = await settle(owner, reply, settings);
      if (answer) await respond(owner, inbound, answer, read, country, settings);
    }
    return { inbound, read };
  }

  async function settle(owner: ReplyOwner, reply: Reply, settings: ConsentSettings): Promise<Answer | null> {
    switch (reply.read.kind) {
      case 'stop':
        return (await optOut(db, statements, owner, reply, settings.stopScope)) ? 'stopped' : null;
      case 'start':
        return (await optIn(db, statements, owner, reply)) ? 'started' : null;
      case 'yes':
        await confirmByReply(db, statements, owner, reply);
        return null;
      case 'help':
        return 'help';
    }
  }

  /** By the sender that was written to, in the language of the word. */
  async function respond(
    { project, mode, locale }: ReplyOwner,
    inbound: InboundRow,
    answer: Answer,
    { languages }: ReadReply,
    country: string | null,
    settings: ConsentSettings,
  ): Promise<void> {
    const { brand } = await deps.profileOf(project);
    const last = locale === null ? [] : [locale.split('-')[0] ?? locale];
    const spoken = [...last, ...languagesOf(country)];
    const shared = spoken.filter((language) => languages.includes(language));
    // STOP is of every language: then the person's own.
    const texts: ReplyTexts & { language: string } = replyTexts(
      languages.includes('en') ? spoken : [...shared, ...languages],
    );
    const own = answer === 'help' ? settings.help : null;
    const text = own ?? texts[answer].replaceAll('{brand}', () => brand);
    const input: MessageInput = {
      to: inbound.sender,
      text,
      channel: inbound.channel as Channel,
      sender: inbound.recipient,
      locale: texts.language,
    };
    await send({ project, mode, actor: 'system' }, input, now(), `reply\0${inbound.id}\0${project}`);
  }

  return async (messages: readonly InboundRow[]): Promise<TakenReply[]> => {
    const taken: TakenReply[] = [];
    // In the order in which they came: STOP, then START, is START.
    for (const inbound of messages) taken.push(await take(inbound));
    return taken;
  };
}
