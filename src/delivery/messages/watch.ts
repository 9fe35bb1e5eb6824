import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { lookUp, rowSet } from '../../db/row-set.ts';
import type { MessageLookTable } from '../../db/schema.ts';
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
  const looks = await selectLooks(db, now);
  const idsOf = (status: string) => [
    ...new Set(looks.filter((one) => one.is_due === 1 && one.status === status).map(({ message_id }) => message_id)),
  ];
  await loseSends(db, queue, idsOf('sending'), now);
  await endSilence(db, queue, idsOf('sent'), (loaded) => routeAgain(choice, loaded, now).candidates.length > 0, now);
  await deleteLooks(db, looks);
  return looks.length + (await receiver.lookAgain(now));
}

/** Of messages that have another `due_at` by now, or none, or are gone, there is nothing to do. */
async function selectLooks({ kysely, dialect }: Database, now: number) {
  const messages = lookUp(dialect, 'messages', 'm', sql`m.id = looks.message_id`, 'left join');
  const { rows } = await sql<{ due_at: number; message_id: string; status: string | null; is_due: number }>`
    select looks.due_at, looks.message_id, m.status, case when m.due_at <= ${now} then 1 else 0 end as is_due
    from (select * from message_looks where due_at <= ${now} order by due_at, message_id limit ${BATCH}) as looks
    ${messages}
  `.execute(kysely);
  return rows;
}

/** When all is done that they were for: whoever dies before has them again. */
async function deleteLooks({ kysely, dialect }: Database, looks: readonly MessageLookTable[]): Promise<void> {
  if (looks.length === 0) return;
  const rows = looks.map(({ due_at, message_id }) => ({ due_at, message_id }));
  const times = rows.map(({ due_at }) => due_at);
  await sql`
    delete from message_looks
    where (due_at, message_id) in (
      select due_at, message_id from ${rowSet(dialect, { due_at: 'bigint', message_id: 'text' }, rows)})
    ${dialect === 'postgres' ? sql`and due_at = any(array(select unnest(${times}::bigint[])))` : sql``}
  `.execute(kysely);
}

/** For metrics. */
export async function countParkedReceipts({ kysely }: Database): Promise<number> {
  const { count } = await kysely
    .selectFrom('receipts')
    .where('message_id', 'is', null)
    .where('received_at', '>', sql.lit(0))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}
