import type { Transaction } from 'kysely';
import type { AuditEvent } from '../audit/event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import { signStatements } from '../audit/log/statements.ts';
import { PERSONAL_DATA } from '../audit/personal.ts';
import type { Database } from '../db/open.ts';
import type { Schema } from '../db/schema.ts';
import { writeTransaction } from '../db/transaction.ts';
import { newId } from '../lib/ids.ts';
import type { Keyring } from '../lib/keyring.ts';
import type { Eraser, Erasure } from '../lib/subject.ts';
import { claimObjects, findClaimed } from './claimed-objects.ts';
import { type EventRow, findPlaces, holdLog, saveStripped } from './strip-events.ts';
import { toRanges } from './to-ranges.ts';

const BATCH = 200;

/**
 * Takes a person out of the events: of those filed under them until the erasure, and of those of the verifications and
 * messages that were erased, however late they came. What was done, and when, stays. In the same transaction an event
 * names the places in the log that lack something now, so that an auditor can tell an erasure from tampering.
 */
export function createEventEraser(db: Database, keyring: Keyring): Eraser {
  return {
    name: 'events',
    async erase(erasure, _claim, now) {
      let count = 0;
      for (;;) {
        const erased = await eraseBatch(db, keyring, erasure, now);
        count += erased;
        if (erased === 0) return { count };
      }
    },
  };
}

function eraseBatch(db: Database, keyring: Keyring, erasure: Erasure, now: number): Promise<number> {
  return writeTransaction(db, {}, async (trx) => {
    await holdLog(trx, db.dialect);
    const claimed = trx.selectFrom('erased_objects').select('object_id').where('erasure_id', '=', erasure.id);
    const own = trx.selectFrom('events').selectAll().where('recipient_hash', 'is not', null).limit(BATCH);
    const reached = own.where('mode', 'in', [...erasure.modes]);
    const inProject = erasure.project === null ? reached : reached.where('project_id', '=', erasure.project);
    const filed = await inProject
      .where('recipient_hash', '=', erasure.hash)
      .where((eb) => eb.or([eb('created_at', '<=', erasure.until), eb('message_id', 'in', claimed)]))
      .execute();
    // Of verifications whatever they are filed under: some are found by the address beside the number.
    const found = filed.length > 0 ? filed : await inProject.where('verification_id', 'in', claimed).execute();
    if (found.length === 0) return 0;
    const places = await findPlaces(trx, await ofPerson(trx, keyring, erasure, found));
    await saveStripped(trx, db.dialect, found.map(withoutPerson));
    const ids = found.map(({ id }) => id);
    await claimObjects(trx, keyring, erasure.id, ids);
    await insertEvents(trx, await signStatements(trx, keyring, explain(found, places, erasure, now)));
    return found.length;
  });
}

/** Those that are about the person as far as the service itself has said so. */
async function ofPerson(
  trx: Transaction<Schema>,
  keyring: Keyring,
  erasure: Erasure,
  rows: readonly EventRow[],
): Promise<EventRow[]> {
  const others = rows.filter(({ recipient_hash: hash }) => hash !== erasure.hash);
  const objects = others.flatMap(({ verification_id, message_id }) => [verification_id ?? [], message_id ?? []].flat());
  const claimed = await findClaimed(trx, keyring, erasure.id, [...new Set(objects)]);
  const isClaimed = (id: string | null) => id !== null && claimed.has(id);
  return rows.filter(
    (row) => row.recipient_hash === erasure.hash || isClaimed(row.verification_id) || isClaimed(row.message_id),
  );
}

export function withoutPerson(row: EventRow): EventRow {
  const members = Object.entries(JSON.parse(row.data) as Record<string, unknown>);
  const data = Object.fromEntries(members.filter(([name]) => !PERSONAL_DATA.has(name)));
  return { ...row, recipient_masked: null, recipient_hash: null, client: null, data: JSON.stringify(data) };
}

/** One event for each project and mode. */
function explain(
  rows: readonly EventRow[],
  places: ReadonlyMap<string, number>,
  erasure: Erasure,
  now: number,
): AuditEvent[] {
  const groups = Map.groupBy(rows, ({ project_id, mode }) => `${project_id} ${mode}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const indexes = group.flatMap(({ id }) => places.get(id) ?? []);
    return [
      {
        id: newId('evt'),
        type: 'erasure.applied',
        at: now,
        project: first.project_id,
        mode: first.mode,
        actor: erasure.actor,
        data: { erasure: erasure.id, events: group.length, log_indexes: toRanges(indexes) },
      },
    ];
  });
}
