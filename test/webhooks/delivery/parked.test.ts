import { sql } from 'kysely';
import { expect, it } from 'vitest';
import type { Delivery } from '../../../src/webhooks/delivery/delivery.ts';
import { exhaustedEvent } from '../../../src/webhooks/delivery/delivery-events.ts';
import { createLoadTargets } from '../../../src/webhooks/delivery/load-targets.ts';
import { createSaveOutcomes, type Outcomes } from '../../../src/webhooks/delivery/save-outcomes.ts';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { describeWith } from '../../rig/stores.ts';
import { openReceiver } from './receiver.ts';
import { openRig } from './rig.ts';

await describeWith(['postgres'], 'two processes that write of one object at once', () => {
  const databases = databasesOf('postgres');

  it('leave it with a next delivery', async () => {
    const rig = await openRig(await databases.open());
    await using receiver = await openReceiver();
    const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'], ordering: 'per_object' });
    receiver.answer(() => 500);
    await rig.raise({ verificationId: 'ver_1' });
    const [a] = await rig.deliveries(id);
    const cursor = await rig.cursor(id);
    const target = (await createLoadTargets(rig.db, rig.keyring)([id])).get(id);
    if (!a || !cursor || !target) throw new Error('nothing was tried');
    const { tries, ...row } = a;
    const outcomes = (delivery: Delivery, claim: number, events: Outcomes['events'] = []): Outcomes => ({
      cursor: { ...cursor, claim },
      deliveries: [delivery],
      ...{ replays: [], events, recovered: false, disabled: null, release: null },
    });
    const at = rig.clock.now;
    const delivered: Delivery = { ...row, status: 'delivered', attempts: 2, next_at: null };
    const parked: Delivery = {
      ...{ ...row, id: 'dlv_later', event_id: 'evt_later', log_index: row.log_index + 1 },
      ...{ attempts: 0, step: 0, history: '[]', next_at: null },
    };
    // Written after its deliveries: somebody else has this very event in a transaction, so there it waits.
    const told = exhaustedEvent(target, row, at);
    const { kysely } = rig.db;
    const save = createSaveOutcomes(rig.db);
    let saves: Promise<unknown> = Promise.resolve();
    await kysely
      .transaction()
      .execute(async (trx) => {
        const event = { ...{ id: told.id, type: told.type, project_id: 'prj_1', mode: 'test' as const }, actor: 'x' };
        await trx
          .insertInto('events')
          .values({ ...event, data: '{}', created_at: at })
          .execute();
        const lost = save([outcomes(parked, cursor.claim - 1, [told])], at);
        await waiting(1);
        const holder = save([outcomes(delivered, cursor.claim)], at);
        saves = Promise.all([lost, holder]);
        await Promise.race([holder, waiting(2)]);
        throw new Error('undone');
      })
      .catch(() => {});
    await saves;
    expect((await rig.deliveries(id)).map(({ status, next_at }) => [status, next_at])).toEqual([
      ['delivered', null],
      ['pending', at],
    ]);
    await rig.close();

    async function waiting(count: number): Promise<void> {
      for (;;) {
        const { rows } = await sql`
          select 1 from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0
        `.execute(kysely);
        if (rows.length >= count) return;
      }
    }
  });
});
