import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../projects/new-secret.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type Profile, type TestService, wrongCode } from '../service.ts';
import { readLines } from './read-lines.ts';

for (const profile of PROFILES) {
  if (profile === 'embedded') describe(`a copy for the person, ${profile}`, () => suite(profile));
  else {
    const needs = profile === 'scaled' ? (['postgres', 'redis'] as const) : (['postgres'] as const);
    await describeWith(needs, `a copy for the person, ${profile}`, () => suite(profile));
  }
}

function suite(profile: Profile): void {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService(profile, { key: newSecret('live') });
  });
  afterAll(() => service?.close());

  const copyOf = (to: string) => readLines(service, `/v1/privacy/exports?to=${encodeURIComponent(to)}`);

  it('holds everything that is filed under the number, of them alone, and says when it is whole', async () => {
    const [to, other] = [newNumber(), newNumber()];
    const client = { ip: '203.0.113.77' };
    const { body } = await service.call('POST', '/v1/verifications', { to, client, metadata: { order: '17' } });
    const code = await service.codeOf(to);
    await service.call('POST', `/v1/verifications/${body.id}/check`, { code: wrongCode(code) });
    await service.call('POST', '/v1/messages', { to, text: 'a text' });
    await service.call('POST', '/v1/verifications', { to: other });
    await service.sendMessages();
    const lines = await copyOf(to);
    const kinds = lines.map(({ kind }) => kind);
    expect(kinds.slice(0, 2)).toEqual(['verification', 'failed_guesses']);
    const [verification, guesses] = lines.map(({ record }) => record);
    expect(verification).toMatchObject({ id: body.id, to, client, metadata: { order: '17' }, mode: 'live' });
    expect(guesses).toMatchObject({ failures: 1, locked_until: null });
    const messages = lines.filter(({ kind }) => kind === 'message').map(({ record }) => record);
    expect(messages.map(({ text }) => text)).toEqual(expect.arrayContaining(['a text', null]));
    expect(messages.every((message) => message.attempts.length === 1)).toBe(true);
    const events = lines.filter(({ kind }) => kind === 'event').map(({ record }) => record.type);
    expect(events).toEqual(
      expect.arrayContaining([
        'verification.created',
        'verification.attempt_failed',
        'message.accepted',
        'subject.exported',
      ]),
    );
    const counts: Record<string, number> = {};
    for (const kind of kinds.slice(0, -1)) counts[kind] = (counts[kind] ?? 0) + 1;
    expect(lines.at(-1)).toEqual({ kind: 'end', record: counts });
    expect(JSON.stringify(lines)).not.toContain(other);
    expect(JSON.stringify(lines)).not.toContain(code);
  });

  it('is an event', async () => {
    const to = newNumber();
    await copyOf(to);
    const { body } = await service.call('GET', `/v1/events?to=${encodeURIComponent(to)}`);
    expect(body.data[0]).toMatchObject({ type: 'subject.exported', data: { all_projects: false } });
  });

  it('of who was erased holds nothing', async () => {
    const to = newNumber();
    await service.call('POST', '/v1/verifications', { to });
    await service.settled();
    await service.call('POST', '/v1/privacy/erasures', { to });
    await service.services.privacy.worker.runDue();
    const lines = await copyOf(to);
    expect(lines.map(({ record }) => record.type ?? record)).toEqual(['subject.exported', { event: 1 }]);
  });
}
