import type { AuditEvent } from '../../audit/event.ts';
import { feedEnd, readFeed } from '../../audit/feed.ts';
import { PERSONAL_DATA } from '../../audit/personal.ts';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Now } from '../../lib/clock.ts';
import { oneOf } from '../contacts/one-of.ts';
import type { Definition } from './automation.ts';
import { selectAll, toAutomation, toOpen } from './automations-table.ts';
import { findCauses } from './causes.ts';
import { endRuns } from './end-runs.ts';
import { type EnterDeps, type Entry, enterRuns, type OpenAutomation } from './enter.ts';
import { matchesEvent, type StopReason, stopReasonOf, stopTypes } from './match-event.ts';

export interface EventReader {
  /** Lets in whom the next events mean, and ends the runs of those who are done. Answers with the index to go on at. */
  read(from: number): Promise<number>;
}

const BATCH = 500;
/** Its contact is gone, and what was known of them. */
const DELETED = 'contact.deleted';

/** An event is read once or, after a crash, again: nobody is let in twice by the same one. */
export function createEventReader(deps: EnterDeps & { now: Now }): EventReader {
  const { db, now } = deps;
  const { kysely } = db;
  /** What versions say never changes. */
  const stops = new Map<string, readonly string[]>();

  async function typesOf(open: readonly OpenAutomation[]): Promise<string[]> {
    const versions = await kysely
      .selectFrom('automation_versions as v')
      .innerJoin('automations as a', 'a.id', 'v.automation_id')
      .select(['v.automation_id', 'v.version'])
      .where('a.status', 'in', ['active', 'paused'])
      .execute();
    if (versions.length === 0) return [];
    const types = new Set([DELETED]);
    for (const { automation_id: id, version } of versions) {
      const key = `${id} ${version}`;
      const known = stops.get(key) ?? stopTypes(await definitionOf(id, version));
      stops.set(key, known);
      for (const type of known) types.add(type);
    }
    for (const { definition } of open) if (definition.trigger.type === 'event') types.add(definition.trigger.event);
    return [...types];
  }

  async function definitionOf(id: string, version: number): Promise<Definition> {
    const { definition } = await kysely
      .selectFrom('automation_versions')
      .select('definition')
      .where('automation_id', '=', id)
      .where('version', '=', version)
      .executeTakeFirstOrThrow();
    return JSON.parse(definition) as Definition;
  }

  return {
    async read(from) {
      const end = await feedEnd(kysely);
      const rows = await selectAll(kysely).where('a.status', '=', 'active').orderBy('a.id').execute();
      const open = rows.map(toAutomation).map(toOpen);
      const types = await typesOf(open);
      if (types.length === 0) return end;
      const entries = await readFeed(kysely, { from, before: end, types, limit: BATCH });
      const events = entries.flatMap(({ event }) => event ?? []);
      for (const [key, own] of Map.groupBy(events, ({ project, mode }) => `${mode} ${project}`)) {
        const listening = open.filter(({ owner }) => `${owner.mode} ${owner.project}` === key);
        await handle(deps, listening, own, now());
      }
      const last = entries.at(-1);
      return entries.length < BATCH || !last ? end : last.logIndex + 1;
    },
  };
}

/** Events of one project and mode. */
async function handle(
  deps: EnterDeps,
  open: readonly OpenAutomation[],
  events: readonly AuditEvent[],
  now: number,
): Promise<void> {
  const contacts = await findContacts(deps.db, events);
  // Before anybody is let in: what they did earlier does not end what begins now.
  await endOf(deps, events, contacts, now);
  const causes = await findCauses(deps.db.kysely, events);
  for (const automation of open) {
    const { trigger } = automation.definition;
    if (trigger.type !== 'event') continue;
    const entries = events.flatMap((event): Entry[] => {
      if (!matchesEvent(trigger, event)) return [];
      const cause = causes.get(event.id);
      // What an automation does is no reason to do it again.
      if (cause?.automation === automation.id) return [];
      return (contacts.get(event.id) ?? []).map((contactId) => ({
        ...{ contactId, key: `event ${event.id}`, cause: 'event', depth: cause?.depth ?? 0 },
        data: { event_id: event.id, ...openData(event) },
      }));
    });
    await enterRuns(deps, automation, entries, now);
  }
}

/** What steps may use of it: no words of the person. */
function openData({ type, messageId, data }: AuditEvent): object {
  const plain = Object.entries(data).filter(([name]) => !PERSONAL_DATA.has(name));
  return { type, ...(messageId !== undefined && { message_id: messageId }), ...Object.fromEntries(plain) };
}

async function findContacts(db: Database, events: readonly AuditEvent[]): Promise<Map<string, string[]>> {
  const [first] = events;
  if (!first) return new Map();
  const hashes = [...new Set(events.flatMap(({ recipient }) => recipient?.hash ?? []))];
  const rows =
    hashes.length === 0
      ? []
      : await db.kysely
          .selectFrom('contact_addresses')
          .select(['address_hash', 'contact_id'])
          .where(oneOf(db.dialect, 'address_hash', hashes))
          .where('project_id', '=', first.project)
          .where('mode', '=', first.mode)
          .execute();
  const byHash = Map.groupBy(rows, ({ address_hash }) => address_hash);
  return new Map(
    events.map(({ id, recipient, data }) => {
      const named = typeof data.contact_id === 'string' ? [data.contact_id] : [];
      const found = (byHash.get(recipient?.hash ?? '') ?? []).map(({ contact_id }) => contact_id);
      return [id, [...new Set([...named, ...found])]];
    }),
  );
}

/** Ends runs of contacts that did what their version stops on. */
async function endOf(
  { db, queue }: EnterDeps,
  events: readonly AuditEvent[],
  contacts: ReadonlyMap<string, readonly string[]>,
  now: number,
): Promise<void> {
  const ids = [...new Set([...contacts.values()].flat())];
  if (ids.length === 0) return;
  const runs = await db.kysely
    .selectFrom('automation_runs as r')
    .innerJoin('automation_versions as v', (join) =>
      join.onRef('v.automation_id', '=', 'r.automation_id').onRef('v.version', '=', 'r.version'),
    )
    .select(['r.id', 'r.contact_id', 'r.project_id', 'r.mode', 'r.entered_at', 'v.definition'])
    .where(oneOf(db.dialect, 'r.contact_id', ids))
    .where('r.ended_at', 'is', null)
    .execute();
  const ending = new Map<StopReason | 'contact_deleted', string[]>();
  for (const run of runs) {
    const definition = JSON.parse(run.definition) as Definition;
    for (const event of events) {
      const isTheirs =
        event.project === run.project_id &&
        event.mode === run.mode &&
        event.at > run.entered_at &&
        contacts.get(event.id)?.includes(run.contact_id);
      const reason = event.type === DELETED ? 'contact_deleted' : stopReasonOf(definition, event);
      if (!isTheirs || reason === null) continue;
      ending.set(reason, [...(ending.get(reason) ?? []), run.id]);
      break;
    }
  }
  for (const [reason, runIds] of ending) {
    await writeTransaction(db, {}, (trx) =>
      endRuns(trx, db.dialect, queue, runIds, { status: 'stopped', reason }, now),
    );
  }
}
