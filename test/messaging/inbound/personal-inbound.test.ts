import { describe, expect, it } from 'vitest';
import { replyJobs } from '../../../src/messaging/inbound/reply-queue.ts';
import { newNumber } from '../../service.ts';
import { openTalk } from './phone.ts';

const DAY_MS = 86_400_000;
const SURVEY = { questions: [{ name: 'why', text: 'Why?' }] };
const RULE = { keywords: ['survey'], action: { type: 'survey', survey: SURVEY } };

// With Redis nothing of it is elsewhere.
describe.each(['embedded', 'postgres'] as const)('what phones wrote, on the %s profile', (profile) => {
  it('goes with the person, answers that wait too; the others’ stays', async () => {
    const { make, write, work, call, service, from, events } = await openTalk(profile);
    const { privacy, inbound, db } = service.services;
    await make('/v1/keywords', RULE);
    const other = newNumber();
    for (const phone of [from, other]) {
      await write('My secret question', { from: phone });
      await write('survey', { from: phone });
      await write('Because of a secret', { from: phone });
    }
    // Decided upon, not sent yet.
    const { kysely } = db;
    const owner = { project: service.services.firstProject.id, mode: 'test' as const };
    const waiting = [from, other].map((to) => replyJobs(to, owner, [{ to, text: 'Why?' }], service.clock.now + DAY_MS));
    const enqueue = inbound.replies.queue.enqueue(waiting.flat());
    if (enqueue) await kysely.executeQuery(enqueue);

    const exported = await call('GET', `/v1/privacy/exports?to=${encodeURIComponent(from)}`);
    expect(exported.status, JSON.stringify(exported.body)).toBe(200);
    expect(String(exported.body)).toContain('"kind":"conversation"');
    expect(String(exported.body)).toContain('Because of a secret');

    service.clock.now += 1_000;
    await make('/v1/privacy/erasures', { to: from });
    await service.recorded();
    await privacy.worker.runDue();
    await work();
    for (const table of ['conversations', 'survey_responses', 'inbound_messages'] as const) {
      const rows = await kysely.selectFrom(table).selectAll().execute();
      expect(JSON.stringify(rows), table).not.toContain(from);
      expect(JSON.stringify(rows), table).toContain(other);
    }
    const jobs = JSON.stringify(await kysely.selectFrom('jobs').selectAll().execute());
    expect(jobs).not.toContain(from);
    expect(jobs).toContain(other);
    const told = await events('message.received');
    expect(told.filter(({ data }) => data.text === 'My secret question')).toHaveLength(1);
  });

  it('goes when its time is over; a conversation that goes on stays', async () => {
    const { make, write, service } = await openTalk(profile);
    const { privacy, db } = service.services;
    await make('/v1/keywords', RULE);
    const young = newNumber();
    for (const phone of [newNumber(), young]) await write('Hello', { from: phone });
    await write('survey');
    await write('Just so');
    service.clock.now += 60 * DAY_MS;
    await write('Hello again', { from: young });
    service.clock.now += 31 * DAY_MS;
    await service.recorded();
    await privacy.worker.runDue();
    const conversations = await db.kysely.selectFrom('conversations').select('address').execute();
    expect(conversations).toEqual([{ address: young }]);
    expect(await db.kysely.selectFrom('survey_responses').selectAll().execute()).toEqual([]);
  });
});
