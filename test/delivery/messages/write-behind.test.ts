import { describe, expect, test } from 'vitest';
import type { SendEntry } from '../../../src/delivery/messages/send-log.ts';
import { type CodeLogOptions, createCodeLog } from '../../../src/delivery/messages/write-behind.ts';
import { StoreUnavailable } from '../../../src/lib/errors.ts';

const begun = (messageId: string) =>
  ({ kind: 'begun', messageId, attempt: 1, provider: 'a', sender: 's', route: '{}', at: 0, dueAt: 0 }) as const;
const ended = (messageId: string) => ({
  ...({
    kind: 'ended',
    messageId,
    attempt: 1,
    provider: 'a',
    status: 'sent',
    reason: null,
    carrierCode: null,
  } as const),
  ...{ price: null, mccMnc: null, partIds: [], at: 0, after: null },
});

function open(options: Partial<CodeLogOptions> = {}) {
  const database = { away: false, asked: 0, written: [] as string[], lost: [] as string[], held: 0, recovered: 0 };
  const log = createCodeLog({
    async write(entries: readonly SendEntry[]) {
      database.asked += 1;
      if (database.away) throw new StoreUnavailable('database');
      database.written.push(...entries.map(({ kind, messageId }) => `${kind} ${messageId}`));
      return entries.map(() => 'written' as const);
    },
    onLost: (count, why) => database.lost.push(`${count} ${why}`),
    onHeldUp: () => {
      database.held += 1;
    },
    onRecovered: () => {
      database.recovered += 1;
    },
    ...options,
  });
  return { database, log };
}

const until = async (done: () => boolean) => {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('the rows of codes', () => {
  test('are written when a send has ended, with its beginning', async () => {
    const { database, log } = open({ gatherMs: 60_000 });
    log.begun(begun('m'));
    await log.ended(ended('m'));
    expect([database.written, database.asked]).toEqual([['begun m', 'ended m'], 1]);
  });

  test('say that a send is under way when the carrier takes its time', async () => {
    const { database, log } = open({ gatherMs: 1 });
    log.begun(begun('m'));
    await until(() => log.waiting() === 0);
    expect(database.written).toEqual(['begun m']);
    await log.ended(ended('m'));
    expect(database.written).toEqual(['begun m', 'ended m']);
  });

  test('are gathered: what comes soon after a write goes with the next one', async () => {
    const { database, log } = open({ gatherMs: 20 });
    await log.ended(ended('a'));
    await Promise.all([log.ended(ended('b')), new Promise(setImmediate).then(() => log.ended(ended('c')))]);
    expect([database.written, database.asked]).toEqual([['ended a', 'ended b', 'ended c'], 2]);
  });

  test('wait while the database is away, hold no send up, and are written in order when it is back', async () => {
    const { database, log } = open({ patienceMs: 60_000 });
    database.away = true;
    log.begun(begun('a'));
    await log.ended(ended('a'));
    log.begun(begun('b'));
    await log.ended(ended('b'));
    // Neither waited for the database to be asked again.
    expect([log.waiting(), database.held, database.asked]).toEqual([4, 1, 1]);
    database.away = false;
    await until(() => log.waiting() === 0);
    expect(database.written).toEqual(['begun a', 'ended a', 'begun b', 'ended b']);
    expect(database.recovered).toBe(1);
  });

  test('are not waited for longer than a moment when the database hangs', async () => {
    const { promise: never } = Promise.withResolvers<never>();
    const { log } = open({ patienceMs: 1, write: () => never });
    await log.ended(ended('a'));
    await log.ended(ended('b'));
    expect(log.waiting()).toBe(2);
  });

  test('are given up when memory is full, which is said', async () => {
    const { database, log } = open({ maxWaiting: 2 });
    database.away = true;
    for (const id of ['a', 'b', 'c']) await log.ended(ended(id));
    expect([log.waiting(), database.lost]).toEqual([2, ['1 overflow']]);
  });

  test('that the database will not take are given up, and hold no other up', async () => {
    const { database, log } = open({
      write: async (entries) => entries.map(({ messageId }) => (messageId === 'bad' ? 'failed' : 'written')),
    });
    await Promise.all([log.ended(ended('bad')), log.ended(ended('good'))]);
    expect([log.waiting(), database.lost]).toEqual([0, ['1 refused']]);
  });

  test('are written before the process ends, unless the database is away', async () => {
    const { database, log } = open({ gatherMs: 60_000 });
    log.begun(begun('a'));
    await log.close();
    expect(database.written).toEqual(['begun a']);
    const away = open();
    away.database.away = true;
    void away.log.ended(ended('a'));
    await away.log.close();
    expect(away.log.waiting()).toBe(1);
  });
});
