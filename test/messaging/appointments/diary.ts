import { afterAll, beforeAll } from 'vitest';
import { type Answer, newNumber, openTestService, type Profile, type TestService } from '../../service.ts';

export const HOUR = 3_600_000;

/** Somebody with a phone who is expected somewhere. */
export interface Diary {
  service: TestService;
  to: string;
  create(body?: object): Promise<Answer>;
  /** As it is now. */
  read(id: string): Promise<Answer['body']>;
  /** The clock goes on, and all that is due is done. */
  pass(ms: number): Promise<void>;
  work(): Promise<void>;
  /** Replies to the number that the reminders come from. */
  write(text: string, to?: string): Promise<void>;
  /** Texts that arrived, oldest first. */
  inbox(): Promise<string[]>;
  /** Types of the events about appointments, oldest first. */
  told(): Promise<string[]>;
}

/** A project of its own clock and people, for all tests of a file. */
export function openDiaries(profile: Profile): { open(): Diary; beside(): Promise<TestService> } {
  let service: TestService | undefined;
  let other: TestService | undefined;
  beforeAll(async () => {
    service = await openTestService(profile);
  });
  afterAll(async () => {
    await other?.close();
    await service?.close();
  });
  const opened = () => {
    if (!service) throw new Error('tests open diaries');
    return service;
  };
  return {
    open: () => openDiary(opened()),
    async beside() {
      other ??= await openTestService(profile, { beside: opened() });
      return other;
    },
  };
}

function openDiary(service: TestService): Diary {
  const to = newNumber();
  const { call, services, clock } = service;
  const work = async () => {
    const { messaging, inbound } = services;
    await service.settled();
    for (;;) {
      const done = (await messaging.appointments.worker.runDue()) + (await inbound.worker.runDue());
      await service.sendMessages();
      if (done === 0) return;
    }
  };
  return {
    ...{ service, to, work },
    create: (body = {}) =>
      call('POST', '/v1/appointments', {
        to,
        starts_at: new Date(clock.now + 30 * HOUR).toISOString(),
        text: 'See you on {{appointment_date}} at {{appointment_time}}. Reply 1 to confirm, 2 to cancel, 3 to move.',
        sender: 'ACME',
        ...body,
      }),
    read: async (id) => (await call('GET', `/v1/appointments/${id}`)).body,
    async pass(ms) {
      clock.now += ms;
      await work();
    },
    async write(text, other = 'ACME') {
      const answer = await call('POST', '/v1/sandbox/messages', { from: to, to: other, text });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      await work();
    },
    async inbox() {
      const { body } = await call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(to)}`);
      return body.data.map(({ text }: { text: string }) => text).toReversed();
    },
    async told() {
      await service.recorded();
      const { body } = await call('GET', `/v1/events?type=appointment.*&to=${encodeURIComponent(to)}&limit=100`);
      return body.data.map(({ type }: { type: string }) => type.replace('appointment.', '')).toReversed();
    },
  };
}
