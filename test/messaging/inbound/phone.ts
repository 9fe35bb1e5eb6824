import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type Answer, newNumber, openTestService, type Profile, type TestService } from '../../service.ts';

/** Ours, as the sandbox phones know it. */
export const OURS = '33755550100';

export interface Talk {
  service: TestService;
  from: string;
  /** The phone writes, and all that follows from it is done. */
  write(text: string, options?: { from?: string; to?: string }): Promise<void>;
  /** As one report of the carrier, in this order. */
  writeAll(texts: readonly string[]): Promise<void>;
  /** Handles what is due and sends the answers. */
  work(): Promise<void>;
  /** Texts that arrived, oldest first. */
  inbox(from?: string): Promise<string[]>;
  /** Newest first. */
  inbound(query?: string): Promise<Record<string, unknown>[]>;
  events(type: string): Promise<{ data: Record<string, unknown>; recipient: object }[]>;
  call: TestService['call'];
  /** A POST that must succeed. */
  make(url: string, body: object): Promise<Answer['body']>;
}

export async function openTalk(profile: Profile, options: { service?: TestService } = {}): Promise<Talk> {
  const service = options.service ?? (await openTestService(profile));
  if (!options.service) onTestFinished(() => service.close());
  const { call } = service;
  const talk: Talk = {
    service,
    call,
    from: newNumber(),
    async write(text, { from = talk.from, to = `+${OURS}` } = {}) {
      service.clock.now += 1_000;
      const answer = await call('POST', '/v1/sandbox/messages', { from, to, text });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      await talk.work();
    },
    async writeAll(texts) {
      service.clock.now += 1_000;
      const owner = { project: service.services.firstProject.id, mode: 'test' as const };
      const report = texts.map((text) => ({
        ...{ providerId: randomUUID(), channel: 'sms' as const, from: talk.from, to: OURS, text },
      }));
      await service.services.delivery.takeInbound('sandbox', report, owner);
      await talk.work();
    },
    async work() {
      await service.services.inbound.worker.runDue();
      await service.sendMessages();
    },
    async inbox(from = talk.from) {
      const { body } = await call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(from)}`);
      return body.data.map(({ text }: { text: string }) => text).toReversed();
    },
    inbound: async (query = '') => (await call('GET', `/v1/inbound${query}`)).body.data,
    async events(type) {
      await service.recorded();
      return (await call('GET', `/v1/events?type=${type}`)).body.data;
    },
    async make(url, body) {
      const answer = await call('POST', url, body);
      if (answer.status >= 300) throw new Error(`${url}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
  };
  return talk;
}
