import { expect, it } from 'vitest';
import { openDatabase } from '../../../src/db/open.ts';
import { prepareSending } from '../../chaos/prepare-sending.ts';
import { eventually } from '../../countersign-process.ts';
import { describeWith, freshDatabase } from '../../rig/stores.ts';
import { newNumber } from '../../service.ts';
import { text } from './rig.ts';

const LEASE_MS = 61_000;
const CONTACTS = 100;
const STEPS = [text('one'), { type: 'add_tag', tag: 'in' }, { type: 'wait', seconds: 1 }, text('two')];
const KILLS = 2;
const ALL = CONTACTS * STEPS.length;

await describeWith(['postgres'], 'automations whose processes are killed', () => {
  it('let each contact in once and do each step once', { timeout: 240_000 }, async () => {
    const { url } = await freshDatabase('postgres');
    const startAhead = prepareSending(url);
    /** The leases of those killed before have ended by its clock. */
    const start = (round: number) => startAhead(round * LEASE_MS);
    const { kysely, close } = await openDatabase(url);
    const count = async (table: 'automation_runs' | 'automation_steps') => {
      const query = kysely.selectFrom(table).select((eb) => eb.fn.countAll<string>().as('count'));
      return Number((await query.executeTakeFirstOrThrow()).count);
    };

    const first = await start(0);
    const definition = { trigger: { type: 'event', event: 'contact.created' }, reentry: 'always', steps: STEPS };
    const { body } = await first.call('POST', '/v1/automations', { name: 'a', ...definition });
    expect((await first.call('POST', `/v1/automations/${body.id}/start`)).status).toBe(200);
    // A busy machine may answer 503: then again, and no contact is made twice.
    const create = (phone: string) =>
      eventually(async () => {
        const { status } = await first.call('POST', '/v1/contacts', { phone, on_conflict: 'skip' });
        return status < 300;
      }, 60);
    const phones = Array.from({ length: CONTACTS }, () => newNumber());
    for (let made = 0; made < CONTACTS; made += 20) await Promise.all(phones.slice(made, made + 20).map(create));
    let running = [first];
    for (let round = 1, before = 0; round <= KILLS; round += 1) {
      before = await eventually(async () => {
        const now = await count('automation_steps');
        return (now > before || now === ALL) && now;
      }, 60);
      await Promise.all(running.map((service) => service.stop('SIGKILL')));
      // In the end two at once.
      running = await Promise.all(round < KILLS ? [start(round)] : [start(round), start(round)]);
    }
    await eventually(async () => (await count('automation_steps')) === ALL, 120);
    expect(await count('automation_runs')).toBe(CONTACTS);
    const runs = await kysely.selectFrom('automation_runs').select(['status', 'contact_id', 'steps']).execute();
    expect(new Set(runs.map(({ contact_id }) => contact_id)).size).toBe(CONTACTS);
    expect(runs.every(({ status, steps }) => status === 'completed' && steps === STEPS.length)).toBe(true);
    const messages = await kysely.selectFrom('messages').select(['id', 'contact_id']).execute();
    expect(messages).toHaveLength(CONTACTS * 2);
    const sent = await kysely.selectFrom('automation_steps').select('message_id').where('kind', '=', 'send').execute();
    expect(sent.map(({ message_id }) => message_id).sort()).toEqual(messages.map(({ id }) => id).sort());
    const entries = await kysely.selectFrom('automation_entries').select(['entries', 'running']).execute();
    expect(entries.every((entry) => entry.entries === 1 && entry.running === 0)).toBe(true);
    const ended = await kysely.selectFrom('events').select('id').where('type', '=', 'automation.run_ended').execute();
    expect(ended).toHaveLength(CONTACTS);
    await Promise.all(running.map((service) => service.stop()));
    await close();
  });
});
