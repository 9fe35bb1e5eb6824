import { type Expression, type Kysely, type SqlBool, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { type Attributes, loadAttributes } from './attributes.ts';
import type { Owner } from './contact.ts';
import type { Reader } from './contacts-table.ts';
import { compileFilter } from './filter/compile-filter.ts';
import type { Filter } from './filter/filter.ts';

/** Whom something is for: the contacts of any of the lists, segments and tags, each once, minus those of `except`. */
export interface AudienceParts {
  lists?: readonly string[];
  segments?: readonly string[];
  tags?: readonly string[];
}

export interface Audience extends AudienceParts {
  except?: AudienceParts;
}

/** What conditions read: a plan made without statistics may take minutes (analyzeNew). */
export const FILTERED_TABLES = [
  ...['contacts', 'contact_addresses', 'contact_tags', 'list_members'],
  ...['messages', 'inbound_messages', 'links', 'campaign_conversions'],
];

/** Lists and segments that are not the owner's. */
export interface Missing {
  missing: string[];
}

/**
 * A condition on rows of `contacts` (`where(condition)`), true of the audience. Relative times in segments are counted
 * from `now`. With no part at all it is true of nobody. `after`: only contacts with higher ids are asked about.
 */
export async function audience(
  { kysely, dialect }: Reader,
  owner: Owner,
  { except, ...parts }: Audience,
  now: number,
  after?: string,
): Promise<Expression<SqlBool> | Missing> {
  const attributes = await loadAttributes(kysely, owner);
  const filterIds = [...(parts.segments ?? []), ...(except?.segments ?? [])];
  const listIds = [...(parts.lists ?? []), ...(except?.lists ?? [])];
  const filters = await loadFilters(kysely, owner, filterIds);
  const lists = await knownLists(kysely, owner, listIds);
  const missing = [...filterIds.filter((id) => !filters.has(id)), ...listIds.filter((id) => !lists.has(id))];
  if (missing.length > 0) return { missing };
  const compile = (wanted: AudienceParts) =>
    compileFilter({ dialect, owner, attributes, now, after }, { any: partsToFilters(wanted, filters) });
  const included = partsToFilters(parts, filters).length === 0 ? sql<SqlBool>`(1 = 0)` : compile(parts);
  if (!except || partsToFilters(except, filters).length === 0) return included;
  return sql<SqlBool>`(${included} and not ${compile(except)})`;
}

function partsToFilters({ lists, segments, tags }: AudienceParts, filters: ReadonlyMap<string, Filter>): Filter[] {
  return [
    ...(lists?.length ? [{ list: [...lists] }] : []),
    ...(tags?.length ? [{ tag: [...tags] }] : []),
    ...(segments ?? []).flatMap((id) => filters.get(id) ?? []),
  ];
}

async function loadFilters(db: Kysely<Schema>, { project, mode }: Owner, ids: readonly string[]) {
  if (ids.length === 0) return new Map<string, Filter>();
  const rows = await db
    .selectFrom('segments')
    .select(['id', 'filter'])
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('id', 'in', [...ids])
    .execute();
  return new Map(rows.map(({ id, filter }) => [id, JSON.parse(filter) as Filter]));
}

async function knownLists(db: Kysely<Schema>, { project, mode }: Owner, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('lists')
    .select('id')
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('id', 'in', [...ids])
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/** How many, and some of them. */
export async function countContacts(
  { kysely }: Reader,
  { project, mode }: Owner,
  condition: Expression<SqlBool>,
): Promise<number> {
  const { count } = await kysely
    .selectFrom('contacts')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where(condition)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** One filter, for whoever has it already. */
export async function filterCondition(
  reader: Reader,
  owner: Owner,
  filter: Filter,
  now: number,
  attributes?: Attributes,
): Promise<Expression<SqlBool>> {
  const defined = attributes ?? (await loadAttributes(reader.kysely, owner));
  return compileFilter({ dialect: reader.dialect, owner, attributes: defined, now }, filter);
}
