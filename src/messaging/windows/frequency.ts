import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { rowSet } from '../../db/row-set.ts';
import type { FrequencyCap } from './sending-rules.ts';

/** Of one send as it is kept: 13 digits of its time, and an id of 30 characters. */
const WIDTH = 43;
const TIME = 13;
/** As many as a cap may allow. */
const KEPT = 50;
const DAY_MS = 86_400_000;
/** They need not wait to the second, and go together. */
const TOGETHER_MS = 900_000;

export interface Sending {
  purpose: 'marketing' | 'transactional';
  /** What is sent, 30 characters: the same again does not count twice. */
  id: string;
}

/**
 * Counts one send to each contact that the caps allow it to, and answers with the others: when they may be asked for
 * again. Two campaigns at once cannot both have the last one: the row decides. What then fails to be sent has counted.
 */
export async function takeFrequency(
  db: Database,
  caps: readonly FrequencyCap[],
  { purpose, id }: Sending,
  contacts: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const applying = caps.filter((cap) => cap.purpose === purpose);
  if (applying.length === 0 || contacts.length === 0) return new Map();
  const allowed = new Set(await count(db, applying, { purpose, id }, contacts, now));
  const refused = contacts.filter((contact) => !allowed.has(contact));
  if (refused.length === 0) return new Map();
  const known = await whenAllowed(db, applying, purpose, refused, now);
  return new Map(refused.map((contact) => [contact, known.get(contact) ?? now + TOGETHER_MS]));
}

async function count(
  { kysely, dialect }: Database,
  caps: readonly FrequencyCap[],
  { purpose, id }: Sending,
  contacts: readonly string[],
  now: number,
): Promise<string[]> {
  const counted = sql.ref('contact_frequency.sends');
  const isCounted = dialect === 'postgres' ? sql`strpos(${counted}, ${id}) > 0` : sql`instr(${counted}, ${id}) > 0`;
  const fits = caps.map(({ max, days }) => {
    const nth = sql`substr(${counted}, ${sql.lit(WIDTH * (max - 1) + 1)}, ${sql.lit(TIME)})`;
    return sql`(length(${counted}) < ${sql.lit(WIDTH * max)} or ${nth} <= ${timeText(now - days * DAY_MS)})`;
  });
  const rows = contacts.toSorted().map((contact_id) => ({ contact_id }));
  const { rows: taken } = await sql<{ contact_id: string }>`
    insert into contact_frequency (contact_id, purpose, sends, updated_at)
    select contact_id, ${purpose}, ${timeText(now) + id}, cast(${now} as bigint)
    from ${rowSet(dialect, { contact_id: 'text' }, rows)} where true
    on conflict (contact_id, purpose) do update set
      sends = case when ${isCounted} then ${counted}
        else substr(excluded.sends || ${counted}, 1, ${sql.lit(WIDTH * KEPT)}) end,
      updated_at = excluded.updated_at
    where ${isCounted} or (${sql.join(fits, sql` and `)})
    returning contact_id
  `.execute(kysely);
  return taken.map(({ contact_id }) => contact_id);
}

/** When the caps allow each of them one more, as things stand. */
export async function whenAllowed(
  { kysely }: Database,
  caps: readonly FrequencyCap[],
  purpose: Sending['purpose'],
  contacts: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = await kysely
    .selectFrom('contact_frequency')
    .select(['contact_id', 'sends'])
    .where('purpose', '=', purpose)
    .where('contact_id', 'in', [...contacts])
    .execute();
  const waiting = rows.flatMap(({ contact_id, sends }): [string, number][] => {
    const at = Math.max(...caps.filter((cap) => cap.purpose === purpose).map((cap) => endOf(sends, cap)));
    return at > now ? [[contact_id, Math.ceil(at / TOGETHER_MS) * TOGETHER_MS]] : [];
  });
  return new Map(waiting);
}

/** When the oldest that counts for the cap is old enough. */
function endOf(sends: string, { max, days }: FrequencyCap): number {
  const nth = sends.slice(WIDTH * (max - 1), WIDTH * (max - 1) + TIME);
  return nth === '' ? 0 : Number(nth) + days * DAY_MS;
}

const timeText = (ms: number) => String(ms).padStart(TIME, '0');

/** The longest that a cap looks back. */
const KEPT_MS = 90 * DAY_MS;
const BATCH = 2_000;

/** One batch of what no cap asks for any more. Resolves with how many. */
export async function purgeFrequency({ kysely }: Database, now: number): Promise<number> {
  const old = kysely
    .selectFrom('contact_frequency')
    .select(['contact_id', 'purpose'])
    .where('updated_at', '<=', now - KEPT_MS)
    .orderBy('updated_at')
    .limit(BATCH);
  const { numDeletedRows } = await kysely
    .deleteFrom('contact_frequency')
    .where((eb) => eb(eb.refTuple('contact_id', 'purpose'), 'in', old.$asTuple('contact_id', 'purpose')))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
