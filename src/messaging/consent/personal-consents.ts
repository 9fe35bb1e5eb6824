import type { ExpressionBuilder } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Mode } from '../../lib/mode.ts';
import type { Collect, Eraser } from '../../lib/subject.ts';
import { viewConsent, viewEntry } from './consent-views.ts';
import { viewSuppression } from './suppression-views.ts';

/** What an address consented to, what shows it, and what is kept from it. */
export function createConsentCollector({ kysely }: Database): Collect {
  return async function* collect({ hash, project, modes }) {
    const own = (eb: ExpressionBuilder<Schema, 'consents' | 'consent_entries' | 'suppressions'>) =>
      eb.and([
        eb('address_hash', '=', hash),
        eb('mode', 'in', [...modes]),
        ...(project === null ? [] : [eb('project_id', '=', project)]),
      ]);
    const consents = await kysely
      .selectFrom('consents')
      .selectAll()
      .where(own as never)
      .execute();
    const entries = await kysely
      .selectFrom('consent_entries')
      .selectAll()
      .where(own as never)
      .orderBy('recorded_at')
      .execute();
    const refusals = await kysely
      .selectFrom('suppressions')
      .selectAll()
      .where(own as never)
      .orderBy('created_at')
      .execute();
    for (const row of consents) yield { kind: 'consent', record: { ...placeOf(row), ...viewConsent(row) } };
    for (const row of entries) yield { kind: 'consent_entry', record: { ...placeOf(row), ...viewEntry(row) } };
    for (const row of refusals) yield { kind: 'suppression', record: { ...placeOf(row), ...viewSuppression(row) } };
  };
}

const placeOf = ({ project_id: project, mode }: { project_id: string; mode: Mode }) => ({ project, mode });

/**
 * Consents and their ledger go with the person. A refusal stays, without the number and the words: what is left is the
 * keyed hash, without which the next import would write to them again.
 */
export function createConsentEraser(db: Database): Eraser {
  return {
    name: 'consents',
    async erase({ hash, project, modes, until }) {
      return writeTransaction(db, {}, async (trx) => {
        let consents = trx
          .deleteFrom('consents')
          .where('address_hash', '=', hash)
          .where('mode', 'in', [...modes]);
        let entries = trx
          .deleteFrom('consent_entries')
          .where('address_hash', '=', hash)
          .where('mode', 'in', [...modes]);
        let refusals = trx
          .updateTable('suppressions')
          .set({ address: null, note: null, proof: null })
          .where('address_hash', '=', hash)
          .where('mode', 'in', [...modes])
          .where('address', 'is not', null);
        if (project !== null) {
          consents = consents.where('project_id', '=', project);
          entries = entries.where('project_id', '=', project);
          refusals = refusals.where('project_id', '=', project);
        }
        const gone = await consents.where('updated_at', '<=', until).executeTakeFirst();
        const forgotten = await entries.where('recorded_at', '<=', until).executeTakeFirst();
        const masked = await refusals.where('created_at', '<=', until).executeTakeFirst();
        return { count: Number(gone.numDeletedRows + forgotten.numDeletedRows + masked.numUpdatedRows) };
      });
    },
  };
}
