import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Collect, Eraser, Subject } from '../../lib/subject.ts';

/**
 * What a person did because of campaigns, and when they were written to. Figures lose them. Must come before contacts are
 * erased: they tell whose these are.
 */
export function createConversionEraser(db: Database): Eraser {
  return {
    name: 'campaign_conversions',
    async erase(erasure) {
      const contacts = (await contactsOf(db, erasure).execute()).map(({ contact_id }) => contact_id);
      if (contacts.length === 0) return { count: 0, unfinished: false };
      const count = await writeTransaction(db, {}, async (trx) => {
        const gone = await trx
          .deleteFrom('campaign_conversions')
          .where('contact_id', 'in', contacts)
          .executeTakeFirst();
        await trx.deleteFrom('contact_frequency').where('contact_id', 'in', contacts).execute();
        return Number(gone.numDeletedRows);
      });
      return { count, unfinished: false };
    },
  };
}

export function createConversionCollector(db: Database): Collect {
  return async function* collect(subject) {
    const rows = await contactsOf(db, subject)
      .innerJoin('campaign_conversions as v', 'v.contact_id', 'contact_addresses.contact_id')
      .select(['v.campaign_id', 'v.reference', 'v.value_amount', 'v.value_currency', 'v.at'])
      .orderBy('v.at')
      .execute();
    for (const record of rows) yield { kind: 'campaign_conversion', record };
  };
}

function contactsOf({ kysely }: Database, { hash, project, modes }: Subject) {
  const all = kysely
    .selectFrom('contact_addresses')
    .select('contact_addresses.contact_id')
    .distinct()
    .where('contact_addresses.address_hash', '=', hash)
    .where('contact_addresses.mode', 'in', [...modes]);
  return project === null ? all : all.where('contact_addresses.project_id', '=', project);
}
