import { amongUnlocked } from '../db/locking.ts';
import type { PurgeOld } from '../db/purge-old.ts';

/** By the age of their start: each has ended within minutes of it. */
export const purgeVerifications: PurgeOld = async (trx, dialect, { project, mode, before, limit }) => {
  const old = trx
    .selectFrom('verifications')
    .select('id')
    .where('project_id', project === null ? 'is' : '=', project)
    .where('mode', '=', mode)
    .where('created_at', '<=', before)
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit);
  const gone = await trx
    .deleteFrom('verifications')
    .where(amongUnlocked(dialect, 'id', old))
    .executeTakeFirst();
  return Number(gone.numDeletedRows);
};
