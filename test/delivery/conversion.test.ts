import { expect, test } from 'vitest';
import { newNumber } from '../service.ts';
import { openCarrierService } from './twilio-service.ts';

test('an approved code counts for the provider of its newest send, and a receipt for the one that reported', async () => {
  const { service, main, report } = await openCarrierService();
  const { body } = await service.call('POST', '/v1/verifications', { to: newNumber(), channel: 'sms' });
  await service.settled();
  const code = /\b\d{6}\b/.exec(main.sent()[0]?.text ?? '')?.[0] ?? '';
  const list = await service.call('GET', `/v1/messages?verification_id=${body.id}`);
  const story = await service.call('GET', `/v1/messages/${list.body.data[0].id}`);
  await report({ MessageSid: story.body.attempts[0].parts[0].provider_id, MessageStatus: 'delivered' });
  const checked = await service.call('POST', `/v1/verifications/${body.id}/check`, { code });
  expect(checked.body.valid).toBe(true);
  await service.services.delivery.routing.refreshHealth(service.clock.now);
  const rows = await service.services.db.kysely.selectFrom('provider_stats').selectAll().execute();
  const sum = (name: 'codes_sent' | 'codes_approved' | 'accepted' | 'delivered') =>
    rows.filter(({ provider }) => provider === 'main').reduce((total, row) => Math.max(total, Number(row[name])), 0);
  expect([sum('codes_sent'), sum('codes_approved'), sum('accepted'), sum('delivered')]).toEqual([1, 1, 1, 1]);
});
