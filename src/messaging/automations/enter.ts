import { createHash } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { among, rowSet } from '../../db/row-set.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { encodeId, newId } from '../../lib/ids.ts';
import { filterCondition } from '../contacts/audience.ts';
import type { Owner } from '../contacts/contact.ts';
import type { Reader } from '../contacts/contacts-table.ts';
import { oneOf } from '../contacts/one-of.ts';
import type { Definition } from './automation.ts';
import { decideEntry, type Entries, type EntryRefusal } from './decide-entry.ts';

/** An automation that takes contacts in, with its newest version. */
export interface OpenAutomation {
  id: string;
  version: number;
  owner: Owner;
  definition: Definition;
}

export type Cause = 'event' | 'date' | 'webhook' | 'keyword' | 'api';

export interface Entry {
  contactId: string;
  /** What happened: the same never lets a contact in twice. */
  key: string;
  cause: Cause;
  data?: object | undefined;
  /** How many automations in a row led to it. */
  depth?: number;
  /** When the first step may be done; default: at once. */
  dueAt?: number;
}

export type EntryOutcome =
  | { kind: 'entered' | 'known'; run: string }
  | { kind: 'refused'; reason: EntryRefusal | 'not_active' | 'no_contact' | 'not_meant' };

export interface EnterDeps {
  db: Database;
  queue: JobQueue;
}

/** Lets contacts in, as many as are given, in the same few statements; each as the rules of re-entry say. */
export async function enterRuns(
  deps: EnterDeps,
  automation: OpenAutomation,
  entries: readonly Entry[],
  now: number,
): Promise<EntryOutcome[]> {
  if (entries.length === 0) return [];
  const outcomes = await writeTransaction(deps.db, {}, (trx) => enterIn(trx, deps, automation, entries, now));
  deps.queue.wake();
  return outcomes;
}

/** In the transaction of what lets them in. Wake the queue when it is committed. */
export async function enterIn(
  trx: Transaction<Schema>,
  { db: { dialect }, queue }: EnterDeps,
  automation: OpenAutomation,
  entries: readonly Entry[],
  now: number,
): Promise<EntryOutcome[]> {
  if (!(await isActive(trx, automation.id))) return entries.map(() => ({ kind: 'refused', reason: 'not_active' }));
  const meant = await findMeant({ kysely: trx, dialect }, automation, entries, now);
  const candidates = entries.map(({ contactId }) => contactId).filter((id) => meant.get(id) === true);
  const known = await lockEntries(trx, dialect, automation.id, candidates);
  const ids = entries.map((entry) => runIdOf(automation.id, entry));
  // After the locks: who held one has let the same contact in by now.
  const runs = await findRuns(trx, dialect, ids);
  const changed = new Map<string, Entries>();
  const outcomes = entries.map((entry, index): EntryOutcome => {
    const run = ids[index] ?? '';
    if (runs.has(run)) return { kind: 'known', run };
    const isMeant = meant.get(entry.contactId);
    if (isMeant === undefined) return { kind: 'refused', reason: 'no_contact' };
    const before = changed.get(entry.contactId) ?? known.get(entry.contactId);
    if (!isMeant || !before) return { kind: 'refused', reason: 'not_meant' };
    const after = decideEntry(automation.definition, before, entry.depth ?? 0, now);
    if (typeof after === 'string') return { kind: 'refused', reason: after };
    changed.set(entry.contactId, after);
    runs.add(run);
    return { kind: 'entered', run };
  });
  await keepEntries(trx, dialect, automation.id, changed);
  await insertRuns(trx, dialect, queue, automation, entries, outcomes, now);
  await countRefusals(trx, automation.id, entries, outcomes, now);
  return outcomes;
}

async function findRuns(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  ids: readonly string[],
): Promise<Set<string>> {
  const query = trx
    .selectFrom('automation_runs')
    .select('id')
    .where(oneOf(dialect, 'id', ids));
  return new Set((await query.execute()).map(({ id }) => id));
}

function runIdOf(automation: string, { contactId, key }: Entry): string {
  const digest = createHash('sha256').update(`${automation}\0${contactId}\0${key}`).digest();
  return `run_${encodeId(digest.subarray(0, 26))}`;
}

/** Whether each contact is one of those the automation is for; those that are nobody's are missing. */
async function findMeant(
  db: Reader,
  { owner, definition: { filter } }: OpenAutomation,
  entries: readonly Entry[],
  now: number,
): Promise<Map<string, boolean>> {
  const named = [...new Set(entries.map(({ contactId }) => contactId))];
  // By their ids alone: Postgres without statistics would look for each among all contacts of the project.
  const found = await byIds(db, named).select(['project_id', 'mode']).execute();
  const own = found.filter(({ project_id, mode }) => project_id === owner.project && mode === owner.mode);
  const ids = own.map(({ id }) => id);
  if (filter === undefined) return new Map(ids.map((id) => [id, true]));
  const condition = await filterCondition(db, owner, filter, now);
  const meant = new Set((await byIds(db, ids).where(condition).execute()).map(({ id }) => id));
  return new Map(ids.map((id) => [id, meant.has(id)]));
}

function byIds({ kysely, dialect }: Reader, ids: readonly string[]) {
  return kysely
    .selectFrom('contacts')
    .select('id')
    .where(oneOf(dialect, 'id', ids));
}

async function isActive(trx: Transaction<Schema>, id: string): Promise<boolean> {
  const row = await trx.selectFrom('automations').select('status').where('id', '=', id).executeTakeFirst();
  return row?.status === 'active';
}

async function lockEntries(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  automation: string,
  contacts: readonly string[],
): Promise<Map<string, Entries>> {
  // In the same order everywhere: nobody waits in a circle.
  const ids = [...new Set(contacts)].sort();
  if (ids.length === 0) return new Map();
  const rows = ids.map((contact) => ({ contact }));
  await sql`
    insert into automation_entries (automation_id, contact_id, entries, running, last_at, window_at, window_entries)
    select ${automation}, contact, 0, 0, 0, 0, 0 from ${rowSet(dialect, { contact: 'text' }, rows)} where true
    on conflict (automation_id, contact_id) do nothing
  `.execute(trx);
  const query = trx
    .selectFrom('automation_entries')
    .selectAll()
    .where('automation_id', '=', automation)
    .where(oneOf(dialect, 'contact_id', ids))
    .orderBy('contact_id');
  const found = await forUpdate(dialect, query).execute();
  return new Map(
    found.map((row) => [
      row.contact_id,
      {
        entries: row.entries,
        running: row.running,
        lastAt: row.last_at,
        windowAt: row.window_at,
        windowEntries: row.window_entries,
      },
    ]),
  );
}

async function keepEntries(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  automation: string,
  changed: ReadonlyMap<string, Entries>,
): Promise<void> {
  if (changed.size === 0) return;
  const columns = {
    automation: 'text',
    contact: 'text',
    entries: 'bigint',
    running: 'bigint',
    last_at: 'bigint',
    window_at: 'bigint',
    window_entries: 'bigint',
  } as const;
  const rows = [...changed].map(([contact, { entries, running, lastAt, windowAt, windowEntries }]) => ({
    ...{ automation, contact, entries, running },
    ...{ last_at: lastAt, window_at: windowAt, window_entries: windowEntries },
  }));
  await sql`
    update automation_entries set entries = r.entries, running = r.running, last_at = r.last_at,
      window_at = r.window_at, window_entries = r.window_entries
    from ${rowSet(dialect, columns, rows)}
    where ${among(dialect, 'automation_entries.contact_id', [...changed.keys()])}
      and automation_entries.automation_id = r.automation and automation_entries.contact_id = r.contact
  `.execute(trx);
}

const RUN = {
  id: 'text',
  contact: 'text',
  cause: 'text',
  data: 'text',
  depth: 'bigint',
  due_at: 'bigint',
  waiting_for: 'text',
} as const;

async function insertRuns(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  queue: JobQueue,
  { id, version, owner: { project, mode } }: OpenAutomation,
  entries: readonly Entry[],
  outcomes: readonly EntryOutcome[],
  now: number,
): Promise<void> {
  const rows = entries.flatMap(({ contactId: contact, cause, data, depth = 0, dueAt = now }, index) => {
    const outcome = outcomes[index];
    if (outcome?.kind !== 'entered') return [];
    const given = data === undefined ? null : JSON.stringify(data);
    const waits = dueAt > now ? 'time' : null;
    return [{ id: outcome.run, contact, cause, data: given, depth, due_at: dueAt, waiting_for: waits }];
  });
  if (rows.length === 0) return;
  await sql`
    insert into automation_runs (id, automation_id, version, project_id, mode, contact_id, status, position, steps,
      tries, waiting_for, due_at, held, cause, data, depth, entered_at, updated_at)
    select id, ${id}, cast(${version} as integer), ${project}, ${mode}, contact, 'running', 0, 0,
      0, waiting_for, due_at, 0, cause, data, depth, cast(${now} as bigint), cast(${now} as bigint)
    from ${rowSet(dialect, RUN, rows)} where true
  `.execute(trx);
  const jobs = queue.enqueue(rows.map((row) => ({ id: row.id, lane: 1, owner: project, dueAt: row.due_at })));
  if (jobs) await trx.executeQuery(jobs);
  await insertEvents(
    trx,
    rows.map(
      (row): AuditEvent => ({
        ...{ id: newId('evt'), type: 'automation.run_started', at: now, project, mode, actor: 'system' },
        data: { automation_id: id, version, run_id: row.id, contact_id: row.contact, cause: row.cause },
      }),
    ),
  );
}

/** What is refused is counted, not listed: a trigger may mean a contact very often. */
async function countRefusals(
  trx: Transaction<Schema>,
  automation: string,
  entries: readonly Entry[],
  outcomes: readonly EntryOutcome[],
  now: number,
): Promise<void> {
  // Of one day each contact is looked at many times.
  const reasons = outcomes.flatMap((outcome, index) =>
    outcome.kind === 'refused' && entries[index]?.cause !== 'date' ? outcome.reason : [],
  );
  const refused = Map.groupBy(reasons, (reason) => reason);
  for (const [reason, { length: count }] of [...refused].sort()) {
    await trx
      .insertInto('automation_refusals')
      .values({ automation_id: automation, reason, count, last_at: now })
      .onConflict((conflict) =>
        conflict
          .columns(['automation_id', 'reason'])
          .doUpdateSet((eb) => ({ count: eb('automation_refusals.count', '+', count), last_at: now })),
      )
      .execute();
  }
}
