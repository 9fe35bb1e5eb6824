import { expect, it } from 'vitest';
import { openCampaignRig } from './campaign-rig.ts';

it('a time at the ends of the calendar is refused, and what is there can be listed all the same', async () => {
  const rig = await openCampaignRig('embedded');
  const { api } = rig;
  const { id: list } = await rig.list(0);
  const repeat = { every: 'week', at: '09:00', time_zone: 'UTC' };
  for (const schedule of [null, { repeat }]) {
    const id = await rig.create({ audience: { lists: [list] }, text: 'Hi', schedule });
    for (const at of ['9999-12-31T23:59:59-23:59', '9999-12-31T23:59:59Z', '0000-01-01T00:00:00+23:59']) {
      const { status, body } = await api.call('POST', `/v1/campaigns/${id}/schedule`, { at });
      expect({ at, status, pointer: body.errors?.[0]?.pointer }).toEqual({ at, status: 422, pointer: '/at' });
    }
    expect((await api.call('POST', `/v1/campaigns/${id}/schedule`, { at: '2027-06-01T00:00:00Z' })).status).toBe(200);
  }
  const { status, body } = await api.call('GET', '/v1/campaigns');
  expect({ status, statuses: body.data?.map((one: { status: string }) => one.status) }).toEqual({
    ...{ status: 200, statuses: ['scheduled', 'scheduled'] },
  });
  await api.close();
});
