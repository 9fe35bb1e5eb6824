import type { Transaction } from 'kysely';
import type { Batch } from '../../db/batch.ts';
import type { Schema } from '../../db/schema.ts';

/** For what is written in batches, in a transaction that is under way. */
export function runIn(trx: Transaction<Schema>): Pick<Batch, 'run'> {
  return {
    async run(...queries) {
      const answers: unknown[][] = [];
      for (const query of queries) answers.push(query === null ? [] : (await trx.executeQuery(query)).rows);
      return answers as never;
    },
  };
}
