import type { Database } from '../../db/open.ts';
import type { Reason } from '../reasons.ts';
import { readContent } from './content.ts';
import type { MessageRow } from './load.ts';

export interface Obstacle {
  status: 'blocked' | 'failed';
  reason: Reason;
}

/** Why a call cannot be made any more, though it was asked for; null: it can. */
export async function findCallObstacle(db: Database, message: MessageRow): Promise<Obstacle | null> {
  if (message.channel !== 'voice') return null;
  const id = readContent(message.content).call?.recording?.id;
  if (id === undefined) return null;
  const kept = await db.kysely.selectFrom('recordings').select('id').where('id', '=', id).executeTakeFirst();
  return kept ? null : { status: 'failed', reason: 'invalid_message' };
}
