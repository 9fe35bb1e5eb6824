import type { Kysely, Transaction } from 'kysely';
import { adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { normalizeReply } from '../consent/keywords/normalize-reply.ts';
import { senderKey } from '../consent/sender-key.ts';
import type { Owner } from '../consent/subject.ts';
import type { By } from '../contacts/change-contacts.ts';
import type { Place } from '../contacts/contacts-table.ts';
import { type KeywordInput, type KeywordRow, MAX_WORDS } from './keyword.ts';

/** `taken`: another rule of the same number is for one of the words. */
export type SavedKeyword = { kind: 'saved'; row: KeywordRow } | { kind: 'not_found' | 'taken' };

export function findKeyword(db: Kysely<Schema>, owner: Owner, id: string): Promise<KeywordRow | undefined> {
  return ownKeywords(db, owner).where('id', '=', id).executeTakeFirst();
}

export function listKeywords(
  db: Kysely<Schema>,
  owner: Owner,
  before: Place | null,
  limit: number,
): Promise<KeywordRow[]> {
  let query = ownKeywords(db, owner);
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

/** One made before by the same id is what is answered. */
export function createKeyword(
  db: Database,
  by: By,
  id: string,
  input: KeywordInput,
  now: number,
): Promise<SavedKeyword> {
  return orTaken(() =>
    writeTransaction(db, {}, async (trx): Promise<SavedKeyword> => {
      const before = await findKeyword(trx, by.owner, id);
      if (before) return { kind: 'saved', row: before };
      const row = { id, ...idsOf(by.owner), ...toColumns(input), created_at: now, updated_at: now };
      await trx.insertInto('keywords').values(row).execute();
      await insertWords(trx, row, input);
      await tell(trx, by, 'keyword.created', row, now);
      return { kind: 'saved', row };
    }),
  );
}

export function replaceKeyword(
  db: Database,
  by: By,
  id: string,
  input: KeywordInput,
  now: number,
): Promise<SavedKeyword> {
  return orTaken(() =>
    writeTransaction(db, {}, async (trx): Promise<SavedKeyword> => {
      const changes = { ...toColumns(input), updated_at: now };
      const row = await trx
        .updateTable('keywords')
        .set(changes)
        .where('id', '=', id)
        .where('project_id', '=', by.owner.project)
        .where('mode', '=', by.owner.mode)
        .returningAll()
        .executeTakeFirst();
      if (!row) return { kind: 'not_found' };
      await trx.deleteFrom('keyword_words').where('keyword_id', '=', id).execute();
      await insertWords(trx, row, input);
      await tell(trx, by, 'keyword.updated', row, now);
      return { kind: 'saved', row };
    }),
  );
}

/** What was answered to its survey stays. */
export function deleteKeyword(db: Database, by: By, id: string, now: number): Promise<boolean> {
  return writeTransaction(db, {}, async (trx) => {
    const row = await findKeyword(trx, by.owner, id);
    if (!row) return false;
    await trx.deleteFrom('keyword_words').where('keyword_id', '=', id).execute();
    await trx.deleteFrom('keywords').where('id', '=', id).execute();
    await tell(trx, by, 'keyword.deleted', row, now);
    return true;
  });
}

/** A rule of the number before one of all numbers, a longer word before a shorter one, any word before none. */
export async function matchKeyword(
  db: Kysely<Schema>,
  { project, mode }: Owner,
  number: string,
  text: string,
): Promise<KeywordRow | null> {
  const said = normalizeReply(text).split(' ');
  const whole = said.join(' ');
  const beginnings = Array.from({ length: Math.min(said.length, MAX_WORDS) }, (_, index) =>
    said.slice(0, index + 1).join(' '),
  );
  const rows = await db
    .selectFrom('keyword_words')
    .innerJoin('keywords', 'keywords.id', 'keyword_words.keyword_id')
    .selectAll('keywords')
    .select(['keyword_words.word', 'keyword_words.number_key'])
    .where('keyword_words.project_id', '=', project)
    .where('keyword_words.mode', '=', mode)
    .where('keyword_words.number_key', 'in', ['', senderKey(number)])
    .where('keyword_words.word', 'in', ['', ...beginnings])
    .execute();
  const fitting = rows.filter(({ word, match }) => match === 'first' || word === whole || word === '');
  fitting.sort((a, b) => b.number_key.length - a.number_key.length || b.word.length - a.word.length);
  // A word for all numbers is more to the point than what a number is for anyway.
  return fitting.find(({ word }) => word !== '') ?? fitting[0] ?? null;
}

function ownKeywords(db: Kysely<Schema>, { project, mode }: Owner) {
  return db.selectFrom('keywords').selectAll().where('project_id', '=', project).where('mode', '=', mode);
}

const idsOf = ({ project, mode }: Owner) => ({ project_id: project, mode });

function toColumns({ keywords, match, number = null, action }: KeywordInput) {
  return { number, words: JSON.stringify(keywords), match, action: JSON.stringify(action) };
}

async function insertWords(trx: Transaction<Schema>, row: KeywordRow, { keywords }: KeywordInput): Promise<void> {
  const words = new Set(keywords.length === 0 ? [''] : keywords.map(normalizeReply));
  const { project_id, mode, id: keyword_id, number } = row;
  const number_key = number === null ? '' : senderKey(number);
  await trx
    .insertInto('keyword_words')
    .values([...words].map((word) => ({ project_id, mode, number_key, word, keyword_id })))
    .execute();
}

async function orTaken(save: () => Promise<SavedKeyword>): Promise<SavedKeyword> {
  try {
    return await save();
  } catch (error) {
    if (isUniqueViolation(error)) return { kind: 'taken' };
    throw error;
  }
}

function tell(
  trx: Transaction<Schema>,
  { owner, actor }: By,
  type: 'keyword.created' | 'keyword.updated' | 'keyword.deleted',
  { id, words, number, action }: KeywordRow,
  now: number,
): Promise<void> {
  const data = { keyword_id: id, keywords: JSON.parse(words), number, action: JSON.parse(action).type };
  return insertEvents(trx, [adminEvent(type, owner.project, actor, now, data)]);
}
