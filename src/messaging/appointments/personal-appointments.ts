import type { Transaction } from 'kysely';
import { amongUnlocked } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { PurgeOld } from '../../db/purge-old.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Collect, Eraser, Erasure, Subject } from '../../lib/subject.ts';
import { oneOf } from '../contacts/one-of.ts';
import { ownerOfRow } from './appointment.ts';
import { createAppointmentQueue } from './appointment-queue.ts';
import { viewAppointment } from './appointment-schemas.ts';
import { findAppointment } from './appointments-table.ts';

const BATCH = 200;

/** What a person was expected to, and what became of it. */
export function createAppointmentCollector(db: Database): Collect {
  return async function* collect(subject) {
    const rows = await appointmentsOf(db, subject).select(['id', 'project_id', 'mode']).orderBy('starts_at').execute();
    for (const { id, project_id, mode } of rows) {
      const owner = { project: project_id, mode };
      const found = await findAppointment(db, owner, id);
      if (found) yield { kind: 'appointment', record: { ...ownerOfRow(found.row), ...viewAppointment(found) } };
    }
  };
}

/** With them go their reminders, those to come first. */
export function createAppointmentEraser(db: Database): Eraser {
  const queue = createAppointmentQueue(db);

  async function forEachBatch(erasure: Erasure, work: (ids: string[]) => Promise<void>): Promise<number> {
    let count = 0;
    for (let after = ''; ; ) {
      const rows = await appointmentsOf(db, erasure)
        .select('id')
        .where('created_at', '<=', erasure.until)
        .where('id', '>', after)
        .orderBy('id')
        .limit(BATCH)
        .execute();
      const ids = rows.map(({ id }) => id);
      after = ids.at(-1) ?? after;
      if (ids.length === 0) return count;
      await work(ids);
      count += ids.length;
    }
  }

  return {
    name: 'appointments',
    async callOff(erasure, now) {
      await forEachBatch(erasure, (ids) =>
        writeTransaction(db, {}, async (trx) => {
          // Whoever is about to remind finds the appointment changed.
          await trx
            .updateTable('appointments')
            .set((eb) => ({ status: 'canceled', revision: eb('revision', '+', 1), updated_at: now }))
            .where('id', 'in', ids)
            .execute();
          const remove = queue.remove(ids);
          if (remove) await trx.executeQuery(remove);
        }),
      );
    },
    async erase(erasure, claim) {
      const count = await forEachBatch(erasure, async (ids) => {
        await claim(ids);
        await writeTransaction(db, {}, async (trx) => {
          await removeReminders(trx, db.dialect, ids);
          await trx
            .deleteFrom('appointments')
            .where(oneOf(db.dialect, 'id', ids))
            .execute();
        });
      });
      return { count };
    },
  };
}

function appointmentsOf({ kysely }: Database, { hash, project, modes }: Subject) {
  const all = kysely
    .selectFrom('appointments')
    .where('recipient_hash', '=', hash)
    .where('mode', 'in', [...modes]);
  return project === null ? all : all.where('project_id', '=', project);
}

/** Those whose time is long past. */
export const purgeAppointments: PurgeOld = async (trx, dialect, { project, mode, before, limit }) => {
  const old = trx
    .selectFrom('appointments')
    .select('id')
    .where('project_id', project === null ? 'is' : '=', project)
    .where('mode', '=', mode)
    .where('starts_at', '<=', before)
    .orderBy('starts_at')
    .orderBy('id')
    .limit(limit);
  const gone = await trx
    .deleteFrom('appointments')
    .where(amongUnlocked(dialect, 'id', old))
    .returning('id')
    .execute();
  await removeReminders(
    trx,
    dialect,
    gone.map(({ id }) => id),
  );
  return gone.length;
};

async function removeReminders(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  appointments: readonly string[],
): Promise<void> {
  if (appointments.length === 0) return;
  await trx
    .deleteFrom('appointment_reminders')
    .where(oneOf(dialect, 'appointment_id', appointments))
    .execute();
}
