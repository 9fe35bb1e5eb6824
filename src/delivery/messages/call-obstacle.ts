import type { Database } from '../../db/open.ts';
import type { Reason } from '../reasons.ts';
import { readContent } from './content.ts';
import type { MessageRow } from './load.ts';
import { hasOptedOut } from './opt-outs.ts';

export interface CallObstacle {
  status: 'blocked' | 'failed';
  reason: Reason;
}

/** Why a call must not be made now, though it was asked for; null: it may be. */
export async function findCallObstacle(db: Database, message: MessageRow): Promise<CallObstacle | null> {
  if (message.channel !== 'voice') return null;
  if (await hasOptedOut(db, message)) return { status: 'blocked', reason: 'opted_out' };
  const id = readContent(message.content).call?.recording?.id;
  if (id === undefined) return null;
  const kept = await db.kysely.selectFrom('recordings').select('id').where('id', '=', id).executeTakeFirst();
  return kept ? null : { status: 'failed', reason: 'invalid_message' };
}
