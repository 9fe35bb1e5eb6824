import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { insertEvents } from '../../src/audit/insert-events.ts';
import { keys, tagOfChallenge } from '../../src/db/redis/keys.ts';
import { writeTransaction } from '../../src/db/transaction.ts';
import { newId } from '../../src/lib/ids.ts';
import { hashPhone } from '../../src/lib/phone.ts';
import { challengeEvent } from '../../src/verify/events.ts';
import { newSecret } from '../projects/new-secret.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type Profile, type TestService } from '../service.ts';
import { dumpEverything, whereIs } from './dump-everything.ts';
import { verifyExport } from './verify-export.ts';

const MINUTE = 60_000;
const GUARDS = /^(?:limits|budgets|known_devices)$|\}[lb]:/;

for (const profile of PROFILES) {
  if (profile === 'embedded') describe(`what comes after an erasure, ${profile}`, () => suite(profile));
  else {
    const needs = profile === 'scaled' ? (['postgres', 'redis'] as const) : (['postgres'] as const);
    await describeWith(needs, `what comes after an erasure, ${profile}`, () => suite(profile));
  }
}

function suite(profile: Profile): void {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService(profile, { key: newSecret('live') });
  });
  afterAll(() => service?.close());

  const run = async () => {
    await service.recorded();
    await service.services.privacy.worker.runDue();
    await service.recorded();
    await service.services.auditLog.sealer.sealAll();
  };
  const traces = async (to: string) => {
    const dump = await dumpEverything(service);
    return whereIs(dump, [to, hashPhone(service.services.hashKey, to)]).filter((name) => !GUARDS.test(name));
  };
  async function startAndErase(to: string) {
    const { body } = await service.call('POST', '/v1/verifications', { to });
    await service.recorded();
    const challenge = await service.services.verify.store.get(body.id);
    if (!challenge) throw new Error('gone');
    const erased = await service.call('POST', '/v1/privacy/erasures', { to });
    await run();
    expect(await traces(to)).toEqual([]);
    return { challenge, erasure: erased.body.id };
  }

  it('an event of an erased verification is stripped by the next sweep, and the log explains it', async () => {
    const to = newNumber();
    const { challenge } = await startAndErase(to);
    service.clock.now += 1_000;
    const { store } = service.services.verify;
    await store.record(challengeEvent('verification.delivered', challenge, 'system', service.clock.now));
    await service.recorded();
    await service.services.auditLog.sealer.sealAll();
    expect(await traces(to)).toContain('events');
    service.clock.now += MINUTE;
    await run();
    expect(await traces(to)).toEqual([]);
    expect((await verifyExport(service)).findings).toEqual([]);
  });

  it('so is one of an erased message', async () => {
    const to = newNumber();
    const { body: message } = await service.call('POST', '/v1/messages', { to, text: 'hello' });
    await service.call('POST', '/v1/privacy/erasures', { to });
    await run();
    const hash = hashPhone(service.services.hashKey, to);
    service.clock.now += 1_000;
    const late: AuditEvent = {
      ...{ id: newId('evt'), at: service.clock.now, actor: 'system', data: {}, messageId: message.id },
      ...{ project: service.services.firstProject.id, recipient: { masked: '+33*******99', hash } },
      type: 'message.delivered',
      mode: 'live',
    };
    await writeTransaction(service.services.db, {}, (trx) => insertEvents(trx, [late]));
    expect(await traces(to)).toEqual(['events']);
    service.clock.now += MINUTE;
    await run();
    expect(await traces(to)).toEqual([]);
  });

  it('the row of a code that is written late goes with the next sweep', async () => {
    const to = newNumber();
    const { challenge } = await startAndErase(to);
    const { id, project, mode, recipientHash, masked, country } = challenge;
    await service.services.delivery.lost({
      ...{ verificationId: id, sendIndex: 3, project, mode, channel: 'sms', to, recipientHash, masked, country },
      ...{ locale: 'fr', expiresAt: challenge.expiresAt },
    } as never);
    expect(await traces(to)).toContain('messages');
    service.clock.now += MINUTE;
    await run();
    expect(await traces(to)).toEqual([]);
  });

  it('a late receipt brings nobody back', async () => {
    const to = newNumber();
    await service.call('POST', '/v1/messages', { to, text: 'hello' });
    await service.sendMessages();
    const { kysely } = service.services.db;
    const attempt = await kysely
      .selectFrom('message_parts')
      .innerJoin('messages', 'messages.id', 'message_parts.message_id')
      .where('messages.recipient', '=', to)
      .select(['message_parts.provider', 'provider_id'])
      .executeTakeFirstOrThrow();
    await service.call('POST', '/v1/privacy/erasures', { to });
    await run();
    await service.services.delivery.receive(attempt.provider, [
      { providerId: attempt.provider_id, status: 'delivered' },
    ]);
    await service.sendMessages();
    expect(await traces(to)).toEqual([]);
    const events = await kysely.selectFrom('events').select('id').where('recipient_hash', 'is not', null).execute();
    service.clock.now += MINUTE;
    await run();
    expect(await kysely.selectFrom('events').select('id').where('recipient_hash', 'is not', null).execute()).toEqual(
      events,
    );
  });

  it('what was not sealed yet is sealed without the person', async () => {
    const to = newNumber();
    const { body } = await service.call('POST', '/v1/verifications', { to });
    await service.recorded();
    await service.call('POST', '/v1/privacy/erasures', { to });
    await service.services.privacy.worker.runDue();
    await service.recorded();
    await service.services.auditLog.sealer.sealAll();
    const leaves = await service.services.db.kysely
      .selectFrom('audit_leaves')
      .innerJoin('events', 'events.id', 'audit_leaves.event_id')
      .where('verification_id', '=', body.id)
      .select(['salt', 'commitment'])
      .execute();
    expect(leaves.length).toBeGreaterThan(0);
    expect(leaves.every(({ salt, commitment }) => salt === null && commitment === null)).toBe(true);
    expect((await verifyExport(service)).findings).toEqual([]);
  });

  // Only Redis has such.
  if (profile === 'scaled') {
    it('events that could not be recorded go too', async () => {
      const to = newNumber();
      const { body } = await service.call('POST', '/v1/verifications', { to });
      await service.recorded();
      const { redis } = service.services;
      const dead = keys.deadLetters(tagOfChallenge(body.id));
      const entry = JSON.stringify([
        'f',
        JSON.stringify({ to, recipientHash: hashPhone(service.services.hashKey, to) }),
      ]);
      const project = service.services.firstProject.id;
      await redis?.call((client) => client.xadd(dead, '*', 'reason', 'a test', 'entry', `${entry}${project}`));
      expect(await traces(to)).toContain(dead);
      await service.call('POST', '/v1/privacy/erasures', { to });
      await run();
      expect(await traces(to)).toEqual([]);
    });
  }
}
