import type { Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { PurgeOld } from '../../db/purge-old.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Collect, Eraser, Subject } from '../../lib/subject.ts';
import { oneOf } from '../contacts/one-of.ts';
import { createAutomationQueue } from './automation-queue.ts';

const BATCH = 200;

/** Their way through automations: of contacts that have the address. */
export function createAutomationCollector({ kysely }: Database): Collect {
  return async function* collect(subject) {
    for (const contact of await contactsOf(kysely, subject).execute()) {
      const runs = await kysely
        .selectFrom('automation_runs as r')
        .innerJoin('automations as a', 'a.id', 'r.automation_id')
        .selectAll('r')
        .select('a.name')
        .where('r.contact_id', '=', contact.id)
        .orderBy('r.entered_at')
        .execute();
      for (const { name, data, ...run } of runs) {
        const steps = await kysely
          .selectFrom('automation_steps')
          .select(['name as step', 'kind as type', 'outcome', 'reason', 'message_id', 'at'])
          .where('run_id', '=', run.id)
          .orderBy('number')
          .execute();
        const { id, automation_id, version, status, reason, cause, entered_at, ended_at } = run;
        const record = {
          id,
          automation_id,
          name,
          version,
          status,
          reason,
          cause,
          entered_at,
          ended_at,
          history: steps,
        };
        yield { kind: 'automation_run', record: { ...record, data: data === null ? null : JSON.parse(data) } };
      }
    }
  };
}

/** Before their contacts are: by them they are found. */
export function createAutomationEraser(db: Database): Eraser {
  const queue = createAutomationQueue(db);
  return {
    name: 'automation_runs',
    async erase(erasure) {
      let count = 0;
      for (;;) {
        const contacts = await contactsOf(db.kysely, erasure)
          .where('contacts.created_at', '<=', erasure.until)
          .where(({ exists, selectFrom }) =>
            exists(selectFrom('automation_entries').select('entries').whereRef('contact_id', '=', 'contacts.id')),
          )
          .limit(BATCH)
          .execute();
        const ids = contacts.map(({ id }) => id);
        if (ids.length === 0) return { count };
        count += await writeTransaction(db, {}, async (trx) => {
          const runs = await trx
            .deleteFrom('automation_runs')
            .where(oneOf(db.dialect, 'contact_id', ids))
            .returning('id')
            .execute();
          await forget(
            trx,
            db.dialect,
            runs.map(({ id }) => id),
          );
          const jobs = queue.remove(runs.map(({ id }) => id));
          if (jobs) await trx.executeQuery(jobs);
          await trx
            .deleteFrom('automation_entries')
            .where(oneOf(db.dialect, 'contact_id', ids))
            .execute();
          return runs.length;
        });
      }
    },
  };
}

/** Those that have ended. That a contact was in an automation stays known, for rules of re-entry. */
export const purgeRuns: PurgeOld = async (trx, dialect, { project, mode, before, limit }) => {
  const old = trx
    .selectFrom('automation_runs')
    .select('id')
    .where('project_id', project === null ? 'is' : '=', project)
    .where('mode', '=', mode)
    .where('ended_at', '<=', before)
    .orderBy('ended_at')
    .limit(limit);
  const rows = await (dialect === 'postgres' ? forUpdate(dialect, old).skipLocked() : old).execute();
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await trx
    .deleteFrom('automation_runs')
    .where(oneOf(dialect, 'id', ids))
    .execute();
  await forget(trx, dialect, ids);
  return ids.length;
};

async function forget(trx: Transaction<Schema>, dialect: Database['dialect'], runs: readonly string[]): Promise<void> {
  if (runs.length === 0) return;
  await trx
    .deleteFrom('automation_steps')
    .where(oneOf(dialect, 'run_id', runs))
    .execute();
}

function contactsOf(db: Database['kysely'], { hash, project, modes }: Subject) {
  const all = db
    .selectFrom('contact_addresses')
    .innerJoin('contacts', 'contacts.id', 'contact_addresses.contact_id')
    .select('contacts.id')
    .distinct()
    .where('contact_addresses.address_hash', '=', hash)
    .where('contact_addresses.mode', 'in', [...modes]);
  return project === null ? all : all.where('contact_addresses.project_id', '=', project);
}
