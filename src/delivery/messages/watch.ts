import type { Database } from '../../db/open.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { ProviderChoice } from '../choose-provider.ts';
import { endSilence } from './end-silence.ts';
import { loseSends } from './lose-sends.ts';
import type { Receiver } from './receive.ts';
import { routeAgain } from './route-again.ts';

export interface WatchDeps {
  db: Database;
  queue: JobQueue;
  choice: Pick<ProviderChoice, 'route'>;
  receiver: Pick<Receiver, 'lookAgain'>;
}

const BATCH = 200;
/** How long a receipt waits for a message that may still turn up. */
const PARKED_MS = 86_400_000;

/** What no call and no receipt brings about: sends whose process died, carriers that stay silent, parked receipts. */
export async function watchMessages({ db, queue, choice, receiver }: WatchDeps, now: number): Promise<number> {
  const due = await db.kysely
    .selectFrom('messages')
    .select(['id', 'status'])
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(BATCH)
    .execute();
  const idsOf = (status: string) => due.filter((message) => message.status === status).map(({ id }) => id);
  await loseSends(db, queue, idsOf('sending'), now);
  await endSilence(db, queue, idsOf('sent'), (loaded) => routeAgain(choice, loaded, now).candidates.length > 0, now);
  return due.length + (await receiver.lookAgain(now));
}

/** Of receipts that belong to no message of ours nothing is kept after a day. */
export async function purgeParkedReceipts({ kysely }: Database, now: number): Promise<void> {
  await kysely
    .deleteFrom('receipts')
    .where('message_id', 'is', null)
    .where('received_at', '<=', now - PARKED_MS)
    .execute();
}

/** For metrics. */
export async function countParkedReceipts({ kysely }: Database): Promise<number> {
  const { count } = await kysely
    .selectFrom('receipts')
    .where('message_id', 'is', null)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}
