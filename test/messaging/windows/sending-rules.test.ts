import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestService, PROFILES, type TestService } from '../../service.ts';

const RULES = {
  time_zone: 'Europe/Madrid',
  windows: [{ from: '09:00', to: '18:30', days: ['monday'], countries: ['ES'], channels: ['sms'] }],
  frequency_caps: [{ purpose: 'marketing', max: 2, days: 7 }],
  opt_out_mentions: { FR: 'STOP au 36111' },
};

describe.each(PROFILES)('sending rules, %s', (profile) => {
  let api: TestService;
  beforeAll(async () => {
    api = await openTestService(profile);
  });
  afterAll(() => api?.close());

  it('a project has none at first, then those it set, in its mode', async () => {
    const before = await api.call('GET', '/v1/sending-rules');
    expect(before.body).toEqual({ time_zone: 'UTC', windows: [], frequency_caps: [], opt_out_mentions: {} });
    expect(await api.call('PUT', '/v1/sending-rules', RULES)).toMatchObject({ status: 200, body: RULES });
    expect((await api.call('GET', '/v1/sending-rules')).body).toEqual(RULES);
  });

  it.each([
    ['a zone that does not exist', { time_zone: 'Europe/Atlantis' }, '/time_zone'],
    ['a window that ends before it begins', { windows: [{ from: '21:00', to: '08:00' }] }, '/windows/0/to'],
    ['a time that no clock shows', { windows: [{ from: '08:00', to: '24:30' }] }, '/windows/0/to'],
    ['a mention of no country', { opt_out_mentions: { France: 'STOP 36111' } }, '/opt_out_mentions/France'],
    ['a cap of none', { frequency_caps: [{ purpose: 'marketing', max: 0, days: 1 }] }, '/frequency_caps/0/max'],
  ])('%s is refused', async (_, change, pointer) => {
    const answer = await api.call('PUT', '/v1/sending-rules', { ...RULES, ...change });
    expect(answer.status).toBe(422);
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });
});
