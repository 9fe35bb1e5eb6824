import { describe, expect, it } from 'vitest';
import { openTalk } from './phone.ts';

const SURVEY = {
  questions: [
    { name: 'stars', text: 'How many stars, 1 to 5?', kind: 'number', minimum: 1, maximum: 5 },
    { name: 'again', text: 'Will you come back?', kind: 'choice', options: ['Yes', 'No'] },
    { name: 'why', text: 'Why?' },
  ],
  closing: 'Thank you.',
  timeout_seconds: 3_600,
};
const RULE = { keywords: ['survey'], action: { type: 'survey', survey: SURVEY } };

// With Redis nothing of it is elsewhere.
describe.each(['embedded', 'postgres'] as const)('surveys on the %s profile', (profile) => {
  it('asks one question after the other, again for an answer that is none, and keeps what was answered', async () => {
    const { make, write, inbox, call, from, events } = await openTalk(profile);
    const rule = await make('/v1/keywords', RULE);
    for (const text of ['survey', 'six', '4,5', '2', 'Too loud']) await write(text);
    expect(await inbox()).toEqual([
      'How many stars, 1 to 5?',
      'How many stars, 1 to 5?',
      'Will you come back?\n1 Yes\n2 No',
      'Why?',
      'Thank you.',
    ]);
    const { body } = await call('GET', `/v1/survey-responses?keyword_id=${rule.id}&status=completed`);
    expect(body.data).toMatchObject([
      {
        from,
        answers: [
          { name: 'stars', value: '4.5' },
          { name: 'again', value: 'No' },
          { name: 'why', value: 'Too loud' },
        ],
      },
    ]);
    const told = await events('survey.completed');
    expect(told).toMatchObject([{ data: { keyword_id: rule.id, answered: 3 } }]);
    expect(JSON.stringify(told)).not.toContain('loud');
    // It is over: what comes now is no answer.
    await write('Another thing');
    expect(await inbox()).toHaveLength(5);
  });

  it('ends when nobody answers in time, after three answers that are none, and by STOP', async () => {
    const { make, writeAll, inbox, call, service, work, events } = await openTalk(profile);
    await make('/v1/keywords', RULE);
    await writeAll(['survey']);
    service.clock.now += 3_600_000;
    await work();
    expect(await events('survey.expired')).toHaveLength(1);
    await writeAll(['4', 'survey', 'many', 'lots', 'heaps', 'tons']);
    expect(await inbox()).toEqual(Array(4).fill('How many stars, 1 to 5?'));
    await writeAll(['survey', 'STOP', '5']);
    // The first question, and that STOP was heard.
    expect(await inbox()).toHaveLength(6);
    const { body } = await call('GET', '/v1/survey-responses');
    expect(body.data.map(({ status }: { status: string }) => status)).toEqual(['abandoned', 'abandoned', 'expired']);
  });

  it('what cannot be asked is refused, with where it is', async () => {
    const { call } = await openTalk(profile);
    const questions = [{ name: 'a', text: 'A?', kind: 'choice' }];
    const answer = await call('POST', '/v1/keywords', {
      keywords: ['x'],
      action: { type: 'survey', survey: { questions } },
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/action/survey/questions/0/options' }] },
    });
  });
});
