import type { Kysely } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import type { CreateResult } from '../../delivery/messages/create.ts';
import { parsePhone } from '../../lib/phone.ts';
import type { EntryRow } from './consent.ts';
import { languagesOf } from './keywords/country-languages.ts';
import type { OptInLinks } from './opt-in-links.ts';
import { type ConsentSaid, createConsentRecorder, type Scribe } from './record-consents.ts';
import { replyTexts } from './reply-texts.ts';
import { ANY } from './suppression.ts';
import type { SendMessage } from './take-reply.ts';

export interface OptInDeps {
  db: Database;
  links: OptInLinks;
  send: SendMessage;
  profileOf(project: string): Promise<{ brand: string }>;
}

export interface OptInRequest {
  said: ConsentSaid;
  by: 'keyword' | 'link';
  /** Where our pages are. */
  pages: string;
  sender: string | undefined;
  locale: string | undefined;
}

export type OptInResult =
  | { kind: 'asked'; entry: EntryRow }
  /** Nothing to ask: it is granted. */
  | { kind: 'granted'; entry: EntryRow }
  | { kind: 'opted_out' | 'too_often' }
  | { kind: 'unsent'; result: Exclude<CreateResult, { kind: 'created' }> };

const DAY_MS = 86_400_000;
const VALID_MS = 2 * DAY_MS;
/** Of one address, channel and purpose: whoever does not answer does not want to. */
const ASKED_PER_DAY = 3;

/** Double opt-in: the address itself is asked, and until it says yes there is no consent. */
export function createOptInRequester({ db, links, send, profileOf }: OptInDeps) {
  const record = createConsentRecorder(db);

  return async (scribe: Scribe, request: OptInRequest, now: number, seed: string | undefined): Promise<OptInResult> => {
    const { said } = request;
    if (await isSuppressed(db.kysely, scribe, said)) return { kind: 'opted_out' };
    const standing = await findStanding(db.kysely, scribe, said);
    if (standing?.state === 'granted') return { kind: 'granted', entry: standing };
    if ((await countAsked(db.kysely, scribe, said, now - DAY_MS)) >= ASKED_PER_DAY) return { kind: 'too_often' };
    const pending: ConsentSaid = { ...said, state: 'pending', doubleOptIn: true, at: now, expiresAt: now + VALID_MS };
    const [entry] = await record(scribe, [pending], now, seed);
    if (!entry) throw new Error('nothing was recorded');
    const result = await ask(scribe, request, entry, now);
    return result.kind === 'created' ? { kind: 'asked', entry } : { kind: 'unsent', result };
  };

  async function ask(scribe: Scribe, request: OptInRequest, entry: EntryRow, now: number): Promise<CreateResult> {
    const { said, by, pages, sender, locale } = request;
    const { project, mode, actor } = scribe;
    const { brand } = await profileOf(project);
    const own = locale === undefined ? [] : [locale.split('-')[0] ?? locale];
    const texts = replyTexts([...own, ...languagesOf(parsePhone(said.who.address)?.country ?? null)]);
    const text = (by === 'link' ? texts.link : texts.ask)
      .replaceAll('{brand}', () => brand)
      .replaceAll('{link}', `${pages}/consent/${links.make(entry.id)}`);
    const input = {
      to: said.who.address,
      text,
      channel: said.channel,
      locale: texts.language,
      ...(said.channel === 'email' && { subject: brand }),
      ...(sender !== undefined && { sender }),
    };
    return send({ project, mode, actor }, input, now, `opt-in\0${entry.id}`);
  }
}

/** Whoever said STOP is not asked whether it was meant. */
async function isSuppressed(
  db: Kysely<Schema>,
  { project, mode }: Scribe,
  { who, channel, purpose }: ConsentSaid,
): Promise<boolean> {
  const found = await db
    .selectFrom('suppressions')
    .select('id')
    .where('address_hash', '=', who.hash)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('channel', 'in', [ANY, channel])
    .where('sender', '=', ANY)
    .where('purpose', 'in', purpose === 'marketing' ? ['marketing', 'messages', 'all'] : ['messages', 'all'])
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

function findStanding(
  db: Kysely<Schema>,
  { project, mode }: Scribe,
  { who, channel, purpose }: ConsentSaid,
): Promise<EntryRow | undefined> {
  const entryId = db
    .selectFrom('consents')
    .select('entry_id')
    .where('address_hash', '=', who.hash)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('channel', '=', channel)
    .where('purpose', '=', purpose);
  return db.selectFrom('consent_entries').selectAll().where('id', '=', entryId).executeTakeFirst();
}

async function countAsked(
  db: Kysely<Schema>,
  { project, mode }: Scribe,
  { who, channel, purpose }: ConsentSaid,
  since: number,
): Promise<number> {
  const rows = await db
    .selectFrom('consent_entries')
    .select('id')
    .where('address_hash', '=', who.hash)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('channel', '=', channel)
    .where('purpose', '=', purpose)
    .where('state', '=', 'pending')
    .where('recorded_at', '>', since)
    .limit(ASKED_PER_DAY)
    .execute();
  return rows.length;
}
