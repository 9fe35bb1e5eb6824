import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Place } from '../contacts/contacts-table.ts';
import { DAY_MS, instantOf } from '../windows/local-time.ts';
import type { Trigger } from './automation.ts';
import { selectAll, toAutomation, toOpen } from './automations-table.ts';
import { type EnterDeps, type Entry, enterRuns, type OpenAutomation } from './enter.ts';
import { msOf } from './wait.ts';

type DateTrigger = Extract<Trigger, { type: 'date' }>;

/** Contacts looked at in a turn: others' automations have theirs in between. */
const BATCH = 2_000;
/** The day begins so early where it begins first (UTC+14), and is over so late where it ends last (UTC−12). */
const AHEAD_MS = 14 * 3_600_000;
const BEHIND_MS = 12 * 3_600_000;
/** Whoever got the date, or became a contact, after the day's first look. */
const AGAIN_MS = 15 * 60_000;
/** After a stop of the service: whose time was longer ago is not let in any more. */
const LATE_MS = 86_400_000;

/** Lets in contacts whose day has come, some of them at a time. Returns how many automations it got on with. */
export async function scanDates(deps: EnterDeps, now: number): Promise<number> {
  const rows = await selectAll(deps.db.kysely)
    .where('a.status', '=', 'active')
    // Later than can be: the clock was set back.
    .where((eb) => eb.or([eb('a.scan_at', '<=', now), eb('a.scan_at', '>', now + 2 * AGAIN_MS)]))
    .orderBy('a.scan_at')
    .limit(20)
    .execute();
  for (const automation of rows.map(toAutomation)) {
    const { row, definition } = automation;
    if (definition.trigger.type !== 'date') continue;
    const day = row.scan_day ?? firstDay(now);
    const last = await scanPart(deps, toOpen(automation), definition.trigger, day, readPlace(row.scan_after), now);
    const next = last === null ? nextDay(day, now) : day;
    await deps.db.kysely
      .updateTable('automations')
      .set({
        scan_day: next,
        scan_after: last && `${last.at} ${last.id}`,
        scan_at: last === null && next === null ? now + AGAIN_MS : now,
      })
      .where('id', '=', row.id)
      .where('version', '=', row.version)
      .where('status', '=', 'active')
      .execute();
  }
  return rows.length;
}

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** The oldest whose time may still matter somewhere. */
const firstDay = (now: number) => dayOf(now - BEHIND_MS - LATE_MS);

/** Null: it has not begun anywhere. */
function nextDay(day: string, now: number): string | null {
  const next = Date.parse(day) + DAY_MS;
  return next <= now + AHEAD_MS ? dayOf(next) : null;
}

function readPlace(text: string | null): Place {
  const [at = '0', id = ''] = text?.split(' ') ?? [];
  return { at: Number(at), id };
}

/** The last contact looked at, in the order of the project's index; null: there are no more. */
async function scanPart(
  deps: EnterDeps,
  automation: OpenAutomation,
  trigger: DateTrigger,
  day: string,
  after: Place,
  now: number,
): Promise<Place | null> {
  const { db } = deps;
  const { project, mode } = automation.owner;
  const own = db.kysely
    .selectFrom('contacts')
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where((eb) => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(after.at, after.id)));
  const last = await own
    .select(['created_at as at', 'id'])
    .orderBy('created_at')
    .orderBy('id')
    .offset(BATCH - 1)
    .limit(1)
    .executeTakeFirst();
  const part = last ? own.where((eb) => eb(eb.refTuple('created_at', 'id'), '<=', eb.tuple(last.at, last.id))) : own;
  const found = await part
    .select(['id', 'time_zone'])
    .where(isItsDay(db.dialect, trigger, day))
    .orderBy('id')
    .execute();
  const entries = found.flatMap(({ id: contactId, time_zone: zone }): Entry[] => {
    const shown = Date.parse(day) + msOf(trigger.at ?? '09:00');
    const dueAt = instantOf(zone ?? trigger.time_zone ?? 'UTC', shown, 0);
    // Let in a little ahead, it is done in time.
    if (dueAt > now + 2 * AGAIN_MS || dueAt <= now - LATE_MS) return [];
    return [{ contactId, key: `date ${day}`, cause: 'date', data: { date: day }, dueAt }];
  });
  await enterRuns(deps, automation, entries, now);
  return last ?? null;
}

/** Of dates without a year, those of 29 February are on the 28th in other years. */
function isItsDay(dialect: Database['dialect'], trigger: DateTrigger, day: string): RawBuilder<SqlBool> {
  const date = dayOf(Date.parse(day) - (trigger.offset_days ?? 0) * DAY_MS);
  const value =
    dialect === 'sqlite'
      ? sql`json_extract(contacts.attributes, ${`$.${trigger.attribute}`})`
      : sql`(contacts.attributes::json ->> ${trigger.attribute}::text)`;
  if (trigger.repeat !== 'yearly') return sql`${value} = ${date}`;
  const [, month = '', dayOfMonth = ''] = date.split('-');
  const isLeap = dayOf(Date.parse(`${date.slice(0, 4)}-02-28`) + DAY_MS).endsWith('-02-29');
  const days = month === '02' && dayOfMonth === '28' && !isLeap ? ['02-28', '02-29'] : [`${month}-${dayOfMonth}`];
  return sql`substr(${value}, 6) in (${sql.join(days)})`;
}
