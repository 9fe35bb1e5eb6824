import type { Kysely, Transaction } from 'kysely';
import type { AttributeType } from '../../db/schema/people.ts';
import type { Schema } from '../../db/schema.ts';
import type { AttributeValue, Owner } from './contact.ts';

export const ATTRIBUTE_TYPES = ['string', 'number', 'boolean', 'date'] as const satisfies AttributeType[];
/** It is part of a path into the JSON of the values, and of the names of variables. */
export const ATTRIBUTE_NAME = /^[a-z][a-z0-9_]{0,39}$/;
export const MAX_ATTRIBUTES = 100;
export const MAX_STRING = 500;

/** Type by name. */
export type Attributes = ReadonlyMap<string, AttributeType>;

export async function loadAttributes(db: Kysely<Schema>, owner: Owner): Promise<Attributes> {
  const rows = await definitions(db, owner).where('archived_at', 'is', null).orderBy('name').execute();
  return new Map(rows.map(({ name, type }) => [name, type]));
}

/**
 * Defines these and no others. What is no longer defined keeps its values, unseen, and its type; it can be defined anew.
 * Answers with the names that had, or have, another type: then nothing is changed.
 */
export async function defineAttributes(
  trx: Transaction<Schema>,
  owner: Owner,
  wanted: Attributes,
  now: number,
): Promise<{ kind: 'defined' } | { kind: 'other_type'; types: Map<string, AttributeType> }> {
  const before = new Map((await definitions(trx, owner).execute()).map((row) => [row.name, row.type]));
  const changed = [...wanted].flatMap(([name, type]) => {
    const had = before.get(name);
    return had === undefined || had === type ? [] : ([[name, had]] as const);
  });
  if (changed.length > 0) return { kind: 'other_type', types: new Map(changed) };
  const all = trx
    .updateTable('contact_attributes')
    .where('project_id', '=', owner.project)
    .where('mode', '=', owner.mode);
  const names = [...wanted.keys()];
  const archived = all.set({ archived_at: now }).where('archived_at', 'is', null);
  await (names.length === 0 ? archived : archived.where('name', 'not in', names)).execute();
  if (names.length === 0) return { kind: 'defined' };
  await all.set({ archived_at: null }).where('name', 'in', names).execute();
  const rows = [...wanted].map(([name, type]) => ({
    ...{ project_id: owner.project, mode: owner.mode, name, type },
    created_at: now,
    archived_at: null,
  }));
  await trx
    .insertInto('contact_attributes')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return { kind: 'defined' };
}

function definitions(db: Kysely<Schema>, { project, mode }: Owner) {
  return db
    .selectFrom('contact_attributes')
    .select(['name', 'type'])
    .where('project_id', '=', project)
    .where('mode', '=', mode);
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

/** A day of the calendar, `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

/** Null, or what is wrong with a value. */
export function checkAttribute(type: AttributeType, value: unknown): string | null {
  switch (type) {
    case 'string':
      return typeof value === 'string' && value.length <= MAX_STRING
        ? null
        : `must be text of at most ${MAX_STRING} characters`;
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? null : 'must be a number';
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'date':
      return typeof value === 'string' && isDate(value) ? null : 'must be a date, YYYY-MM-DD';
  }
}

const TRUE = /^(?:true|yes|y|1)$/i;
const FALSE = /^(?:false|no|n|0)$/i;
const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;

/** From a cell of a table; null: it is not of this type. */
export function readAttribute(type: AttributeType, text: string): AttributeValue | null {
  switch (type) {
    case 'string':
      return text.length <= MAX_STRING ? text : null;
    case 'number': {
      const number = NUMBER.test(text) ? Number(text) : Number.NaN;
      return Number.isFinite(number) ? number : null;
    }
    case 'boolean':
      return TRUE.test(text) ? true : FALSE.test(text) ? false : null;
    case 'date':
      return isDate(text) ? text : null;
  }
}
