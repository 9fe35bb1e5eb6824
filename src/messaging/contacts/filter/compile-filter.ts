import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from '../../../db/open.ts';
import type { Attributes } from '../attributes.ts';
import type { Owner } from '../contact.ts';
import { happened } from './event-sources.ts';
import type { AttributeCondition, Filter, TimeRange } from './filter.ts';

export interface FilterContext {
  dialect: Database['dialect'];
  owner: Owner;
  attributes: Attributes;
  now: number;
  /** Only contacts after this one are asked about: Postgres would read a list from its beginning to find those. */
  after?: string | undefined;
}

const DAY_MS = 86_400_000;

/**
 * A condition on rows of `contacts`. Whatever callers wrote is a parameter of the statement; its text is made of what is
 * in this file alone, but for names of attributes, which are letters, digits and `_` (ATTRIBUTE_NAME) and have to be
 * defined. No condition is ever null, so that `not` is what it says. Each asks about the contact at hand: what `in` finds
 * Postgres would read through for every contact, behind `or` and `not`, once that is too much to hash.
 */
export function compileFilter(context: FilterContext, filter: Filter): Expression<SqlBool> {
  const { owner, now } = context;
  const compile = (part: Filter) => compileFilter(context, part);
  if ('all' in filter) return joined(filter.all.map(compile), sql` and `);
  if ('any' in filter) return joined(filter.any.map(compile), sql` or `);
  if ('not' in filter) return sql`(not ${compile(filter.not)})`;
  if ('attribute' in filter) return compileAttribute(context, filter);
  if ('tag' in filter) {
    return sql`(exists (
      select 1 from contact_tags
      where project_id = ${owner.project} and mode = ${owner.mode} and tag in (${values(filter.tag)})
        and contact_id = contacts.id${onwards(context)}
    ))`;
  }
  if ('list' in filter) {
    return sql`(exists (
      select 1 from list_members where list_id in (${values(filter.list)})
        and contact_id = contacts.id${onwards(context)}
    ))`;
  }
  if ('locale' in filter) {
    // BCP 47: `fr` means `fr-CA` too.
    const ranges = list(filter.locale).map((tag) => {
      const known = sql`lower(coalesce(contacts.locale, ''))`;
      const wanted = tag.toLowerCase();
      return sql`(${known} = ${wanted} or substr(${known}, 1, ${wanted.length + 1}) = ${`${wanted}-`})`;
    });
    return joined(ranges, sql` or `);
  }
  if ('country' in filter) return sql`(coalesce(contacts.country, '') in (${values(filter.country)}))`;
  if ('time_zone' in filter) return sql`(coalesce(contacts.time_zone, '') in (${values(filter.time_zone)}))`;
  if ('has' in filter) {
    if (filter.has === 'external_id') return sql`(contacts.external_id is not null)`;
    return sql`(exists (
      select 1 from contact_addresses
      where contact_id = contacts.id and kind = ${filter.has}${onwards(context)}
    ))`;
  }
  const { since, until } = readRange('created' in filter ? filter.created : filter, now);
  if ('created' in filter) return sql`(contacts.created_at >= ${since} and contacts.created_at < ${until})`;
  return sql`(${happened(filter.event, owner, { since, until, atLeast: filter.at_least ?? 1 })})`;
}

const onwards = ({ after }: FilterContext) => (after === undefined ? sql`` : sql` and contact_id > ${after}`);

/** Inclusive, exclusive. */
function readRange({ since, until, last_days: days }: TimeRange, now: number): { since: number; until: number } {
  const from = since === undefined ? 0 : Date.parse(since);
  return {
    since: days === undefined ? from : Math.max(from, now - days * DAY_MS),
    until: until === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(until),
  };
}

const COMPARISONS = { lt: sql`<`, lte: sql`<=`, gt: sql`>`, gte: sql`>=` };

function compileAttribute(context: FilterContext, { attribute, op, value }: AttributeCondition): Expression<SqlBool> {
  const { dialect, attributes, now } = context;
  const type = attributes.get(attribute);
  // Archived since the filter was made: nobody has it.
  if (type === undefined) return sql`(1 = 0)`;
  const known = attributeValue(dialect, attribute, type);
  const given = parameter(dialect, type, value);
  const holds = (condition: RawBuilder<unknown>) => sql<SqlBool>`(coalesce(${condition}, false))`;
  switch (op) {
    case 'exists':
      return sql`(${known} is not null)`;
    case 'eq':
      return holds(sql`${known} = ${given}`);
    case 'ne':
      return sql`(not ${holds(sql`${known} = ${given}`)})`;
    case 'in': {
      const items = (Array.isArray(value) ? value : []).map((item) => parameter(dialect, type, item));
      return holds(sql`${known} in (${sql.join(items)})`);
    }
    case 'contains':
      return holds(dialect === 'postgres' ? sql`strpos(${known}, ${given}) > 0` : sql`instr(${known}, ${given}) > 0`);
    case 'starts_with':
      return holds(sql`substr(${known}, 1, ${[...String(value)].length}) = ${given}`);
    case 'last_days':
      return holds(sql`${known} > ${dayOf(now - Number(value) * DAY_MS)} and ${known} <= ${dayOf(now)}`);
    case 'next_days':
      return holds(sql`${known} >= ${dayOf(now)} and ${known} < ${dayOf(now + Number(value) * DAY_MS)}`);
    default:
      return holds(sql`${known} ${COMPARISONS[op]} ${given}`);
  }
}

/** Null where the contact has none. Dates compare as text, byte by byte. */
function attributeValue(dialect: Database['dialect'], name: string, type: string): RawBuilder<unknown> {
  if (dialect === 'sqlite') return sql`json_extract(contacts.attributes, ${sql.lit(`$.${name}`)})`;
  const text = sql`(contacts.attributes::json ->> ${sql.lit(name)})`;
  if (type === 'number') return sql`${text}::float8`;
  return type === 'boolean' ? sql`${text}::boolean` : sql`${text} collate "C"`;
}

/** node:sqlite knows no booleans, JSON's are 1 and 0 there. */
function parameter(dialect: Database['dialect'], type: string, value: unknown): RawBuilder<unknown> {
  if (type === 'boolean')
    return dialect === 'sqlite' ? sql`${value === true ? 1 : 0}` : sql`${value === true}::boolean`;
  if (dialect === 'sqlite') return sql`${value}`;
  return type === 'number' ? sql`${value}::float8` : sql`${value}::text`;
}

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const list = (value: string | string[]) => (Array.isArray(value) ? value : [value]);
const values = (value: string | string[]) => sql.join(list(value).map((one) => sql`${one}`));
const joined = (parts: readonly RawBuilder<unknown>[] | readonly Expression<SqlBool>[], by: RawBuilder<unknown>) =>
  sql<SqlBool>`(${sql.join([...parts], by)})`;
