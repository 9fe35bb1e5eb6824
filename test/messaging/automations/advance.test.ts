import { afterAll, beforeAll, expect, it } from 'vitest';
import { advance } from '../../../src/messaging/automations/advance.ts';
import type { Definition } from '../../../src/messaging/automations/automation.ts';
import { describeWith } from '../../rig/stores.ts';
import { openTestService, type TestService } from '../../service.ts';
import { newAutomation, newContact } from './rig.ts';

const definition: Definition = {
  trigger: { type: 'api' },
  steps: [
    { type: 'add_tag', tag: 'x' },
    { type: 'add_tag', tag: 'y' },
  ],
};

for (const [profile, needs] of [
  ['embedded', []],
  ['postgres', ['postgres']],
] as const) {
  await describeWith(needs, `a step (${profile})`, () => {
    let api: TestService;
    beforeAll(async () => {
      api = await openTestService(profile);
    });
    afterAll(() => api?.close());

    async function begin() {
      const automation = await newAutomation(api, definition);
      const { id: contact } = await newContact(api);
      const { body } = await api.call('POST', `/v1/automations/${automation}/runs`, { contact_id: contact });
      const { kysely } = api.services.db;
      const run = await kysely
        .selectFrom('automation_runs')
        .selectAll()
        .where('id', '=', body.run_id)
        .executeTakeFirstOrThrow();
      const tag = (name: string) => {
        const row = { project_id: run.project_id, mode: run.mode, contact_id: contact, tag: name };
        const statements = [kysely.insertInto('contact_tags').values(row).compile()];
        const turn = { run, definition, secretNumber: 1, now: api.clock.now };
        return advance(api.services.db, turn, { kind: 'done', outcome: 'done', statements });
      };
      const tags = async () => (await api.call('GET', `/v1/contacts/${contact}`)).body.tags;
      return { automation, run: body.run_id as string, tag, tags };
    }

    it('of two that do the same one, one has done it, and nothing is left of the other', async () => {
      const { tag, tags } = await begin();
      const done = await Promise.all([tag('first'), tag('second')]);
      expect(done.filter(Boolean)).toHaveLength(1);
      expect(await tags()).toEqual([done[0] ? 'first' : 'second']);
    });

    it('leaves nothing when the automation was paused, or the run stopped, meanwhile', async () => {
      const paused = await begin();
      await api.call('POST', `/v1/automations/${paused.automation}/pause`);
      expect(await paused.tag('late')).toBe(false);
      const stopped = await begin();
      await api.call('POST', `/v1/automations/${stopped.automation}/runs/${stopped.run}/stop`);
      expect(await stopped.tag('late')).toBe(false);
      expect([await paused.tags(), await stopped.tags()]).toEqual([[], []]);
    });
  });
}
