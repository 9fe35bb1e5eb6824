import { createSecretKey, randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '../src/db/open.ts';
import { createMessages } from '../src/delivery/messages/create.ts';
import { createQueue } from '../src/jobs/queue.ts';
import { createNumbers } from './delivery-numbers.ts';

/** Messages that wait in the queue, put there by the product's own code beside the server. */
export interface Backlog {
  /** Records so many, due at a time. */
  fill(count: number, dueAtMs: number): Promise<void>;
  /** Those that wait still. */
  waiting(): Promise<number>;
  /** Takes away what still waits. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

const AT_ONCE = 400;
const TEXT = 'Our shop in your street opens on Saturday at 9:00. Coffee is on us until noon.';

export async function openBacklog(databaseUrl: string, project: string, area: string): Promise<Backlog> {
  const db: Database = await openDatabase(databaseUrl);
  const queue = createQueue(db, 'messages', []);
  const hashKey = createSecretKey(randomBytes(32));
  const create = createMessages({
    db,
    queue,
    choice: { carries: () => true },
    hashKey,
    recordings: { find: async () => null },
    gate: async (questions) => questions.map(() => null),
  });
  const caller = { project, mode: 'live', actor: 'bench' } as const;
  const next = createNumbers(area, 'bulk');

  return {
    async fill(count, dueAtMs) {
      const input = { text: TEXT, sender: 'Example', send_at: new Date(dueAtMs).toISOString() };
      let left = count;
      const work = async () => {
        while (left-- > 0) {
          const { kind } = await create(caller, { ...input, to: next() }, Date.now());
          if (kind !== 'created') throw new Error(`a message was not recorded: ${kind}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    },
    async waiting() {
      const { count } = await db.kysely
        .selectFrom('jobs')
        .where('queue', '=', 'messages')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async clear() {
      await db.kysely.deleteFrom('jobs').where('queue', '=', 'messages').execute();
    },
    close: () => db.close(),
  };
}
