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
/** More is left for the next call, so that one ends even when work comes as fast as it goes. */
const MAX_LOOKS = 50;

/** What no call and no receipt brings about: sends whose process died, carriers that stay silent, parked receipts. */
export async function watchMessages(deps: WatchDeps, now: number): Promise<number> {
  let found = 0;
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const more = await look(deps, now);
    found += more;
    if (more < BATCH) break;
  }
  return found;
}

async function look({ db, queue, choice, receiver }: WatchDeps, now: number): Promise<number> {
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

/** For metrics. */
export async function countParkedReceipts({ kysely }: Database): Promise<number> {
  const { count } = await kysely
    .selectFrom('receipts')
    .where('message_id', 'is', null)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}
