import { sql } from 'kysely';
import type { PurgeOld } from '../db/purge-old.ts';

/** What became of deliveries; those that are still tried stay. A replay goes back no further than what is left. */
export const purgeDeliveries: PurgeOld = async (trx, _dialect, { project, mode, before, limit }) => {
  const endpoints = await trx
    .selectFrom('webhook_endpoints')
    .select('id')
    .where('project_id', project === null ? 'is' : '=', project)
    .where('mode', '=', mode)
    .execute();
  let gone = 0;
  for (const { id } of endpoints) {
    if (gone === limit) break;
    const own = trx.selectFrom('webhook_deliveries').where('endpoint_id', '=', id);
    // They are in the order of the log: the first young one ends the search.
    const young = own.select('log_index').where('created_at', '>', before).orderBy('log_index').limit(1);
    const old = own
      .select('log_index')
      .where('log_index', '<', sql<number>`coalesce((${young}), 9007199254740991)`)
      .where('status', '<>', 'pending')
      .where('updated_at', '<=', before)
      .orderBy('log_index')
      .limit(limit - gone);
    const deleted = await trx
      .deleteFrom('webhook_deliveries')
      .where('endpoint_id', '=', id)
      .where('log_index', 'in', old)
      .returning('log_index')
      .execute();
    gone += deleted.length;
    const knownFrom = Math.max(0, ...deleted.map(({ log_index }) => log_index + 1));
    await trx
      .updateTable('webhook_endpoints')
      .set({ known_from: knownFrom })
      .where('id', '=', id)
      .where('known_from', '<', knownFrom)
      .execute();
  }
  return gone;
};
