import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService, wrongCode } from '../service.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `what an approval tells (${profile})`, () => {
    let api: TestService;
    beforeAll(async () => {
      api = await openTestService(profile);
    });
    beforeEach(() => {
      api.clock.now += 3_600_000;
    });
    afterAll(() => api?.close());

    async function start(body: { to: string; [member: string]: unknown }) {
      const answer = await api.call('POST', '/v1/verifications', body);
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      return answer.body.id as string;
    }
    const check = (id: string, code: string) => api.call('POST', `/v1/verifications/${id}/check`, { code });
    async function fail(id: string, to: string, times: number) {
      const code = wrongCode(await api.codeOf(to));
      for (let n = 0; n < times; n += 1) expect((await check(id, code)).body.valid).toBe(false);
    }
    async function approve(id: string, to: string) {
      expect((await check(id, await api.codeOf(to))).body.valid).toBe(true);
      const events = await api.events(id);
      return events.find(({ type }) => type === 'verification.approved')?.data;
    }

    it('AUD-20: how many failures went before it, in this verification and in those before', async () => {
      const to = newNumber();
      const given_up = await start({ to });
      await fail(given_up, to, 3);
      api.clock.now += 700_000;
      const second = await start({ to });
      await fail(second, to, 2);
      expect(await approve(second, to)).toMatchObject({ failed_attempts: 2, failures_in_a_row: 5 });
      api.clock.now += 700_000;
      const third = await start({ to });
      expect(await approve(third, to)).toMatchObject({ failed_attempts: 0, failures_in_a_row: 0 });
    });

    it('AUD-20: failures of the same account on another number count', async () => {
      const [first, second] = [newNumber(), newNumber()];
      await fail(await start({ to: first, subject: first }), first, 4);
      const id = await start({ to: second, subject: first });
      expect(await approve(id, second)).toMatchObject({ failed_attempts: 0, failures_in_a_row: 4 });
    });

    it('AUD-21: of a device’s long name the beginning, and that it was longer', async () => {
      const to = newNumber();
      const id = await start({ to, client: { user_agent: 'x'.repeat(16_000) } });
      await api.settled();
      await api.recorded();
      const { body } = await api.call('GET', `/v1/events?verification_id=${id}&type=verification.created`);
      expect(body.data[0].client).toEqual({ user_agent: 'x'.repeat(512), user_agent_truncated: true });
      const refused = { to: newNumber(), client: { user_agent: 'x'.repeat(1_000_000) } };
      expect((await api.call('POST', '/v1/verifications', refused)).status).toBe(413);
    });

    it('a start that the policy refuses is told of', async () => {
      const body = { to: newNumber(), ttl_seconds: 600, code_length: 4 };
      expect((await api.call('POST', '/v1/verifications', body)).body.code).toBe('policy_violation');
      await api.settled();
      const { body: events } = await api.call('GET', '/v1/events?type=authorization.denied');
      expect(events.data).toMatchObject([
        {
          actor: expect.stringMatching(/^key_/),
          data: { reason: 'policy_violation', pointer: '/code_length', count: 1 },
        },
      ]);
    });
  });
}
