import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CountersignProcess, startCountersign } from '../countersign-process.ts';
import { onEachProfile } from '../on-each-profile.ts';
import { newNumber } from '../service.ts';

/** The stores have a hundred rounds each in the other files; these show that HTTP adds no hole. */
const ROUNDS = 6;
const PATIENCE_MS = 90_000;
const CODE = '271828';

await onEachProfile('races over HTTP between two processes', races);

function races(open: () => Promise<Record<string, string>>): void {
  let processes: [CountersignProcess, CountersignProcess];
  const numbers = Array.from({ length: 2 * ROUNDS }, () => newNumber());

  beforeAll(async () => {
    const env = {
      ...(await open()),
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
      COUNTERSIGN_API_KEY: `cs_test_${randomBytes(24).toString('base64url')}`,
    };
    const first = await startCountersign(env);
    processes = [first, await startCountersign(env)];
    const { body } = await first.call('GET', '/v1/projects');
    const policy = { hash_preset: 'fast', test_numbers: Object.fromEntries(numbers.map((to) => [to, CODE])) };
    await first.call('PATCH', `/v1/projects/${body.data[0].id}`, { policy });
    // Each process believes what it knows of a key for at most a second.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
  });
  afterAll(() => Promise.all((processes ?? []).map((process) => process.stop())));

  const on = (i: number) => processes[i % 2] as CountersignProcess;
  const startWith = async (to: string) => (await on(0).call('POST', '/v1/verifications', { to })).body.id as string;
  const check = async (i: number, id: string, code: string) =>
    (await on(i).call('POST', `/v1/verifications/${id}/check`, { code })).body;

  it(
    '64 parallel right answers: one approval',
    async () => {
      for (const to of numbers.slice(0, ROUNDS)) {
        const id = await startWith(to);
        const answers = await Promise.all(Array.from({ length: 64 }, (_, i) => check(i, id, CODE)));
        expect(answers.filter((answer) => answer.valid)).toHaveLength(1);
      }
    },
    PATIENCE_MS,
  );

  it(
    '200 parallel wrong answers: at most five judged, and the right one is refused afterwards',
    async () => {
      for (const to of numbers.slice(ROUNDS)) {
        const id = await startWith(to);
        const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => check(i, id, '314159')));
        // Under such pressure a store may refuse to judge at all (503), which gives no guess away.
        const judged = answers.filter((answer) => answer.reason === 'wrong_code').length;
        const refused = answers.filter((answer) => ['exhausted', undefined].includes(answer.reason)).length;
        expect(judged).toBeLessThanOrEqual(5);
        expect(judged + refused).toBe(200);
        for (let left = 5 - judged; left > 0; left -= 1) await check(0, id, '314159');
        expect(await check(0, id, CODE)).toMatchObject({ valid: false, reason: 'exhausted' });
      }
    },
    PATIENCE_MS,
  );

  it(
    '30 parallel resends: no second message',
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const to = newNumber();
        const id = await startWith(to);
        const answers = await Promise.all(
          Array.from({ length: 30 }, (_, i) => on(i).call('POST', `/v1/verifications/${id}/resend`, {})),
        );
        expect(answers.map((answer) => answer.status)).toEqual(Array(30).fill(429));
        const counts = await Promise.all(
          [0, 1].map(
            async (i) =>
              (await on(i).call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(to)}`)).body.data.length,
          ),
        );
        expect(counts).toEqual([1, 0]);
      }
    },
    PATIENCE_MS,
  );
}
