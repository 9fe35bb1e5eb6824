import { onTestFinished } from 'vitest';
import { type Answer, newNumber, openTestService, type Profile, type TestService } from '../../service.ts';

/** Somebody with a phone, and a project that writes to them. */
export interface Phone {
  service: TestService;
  to: string;
  consent(body?: object): Promise<Answer>;
  /** Sends what is due. */
  send(body?: object): Promise<{ id: string; status: string; reason: string | null }>;
  /** The same message as it is now. */
  read(id: string): Promise<{ status: string; reason: string | null }>;
  /** The phone writes. */
  write(text: string, to?: string): Promise<void>;
  /** Texts that arrived, oldest first. */
  inbox(): Promise<string[]>;
  events(type: string): Promise<{ data: Record<string, unknown> }[]>;
}

export async function openPhone(profile: Profile): Promise<Phone> {
  const service = await openTestService(profile);
  onTestFinished(() => service.close());
  const to = newNumber();
  const call = service.call;
  return {
    service,
    to,
    consent: (body = {}) => call('POST', '/v1/consents', { to, source: 'website', ...body }),
    async send(body = {}) {
      const answer = await call('POST', '/v1/messages', {
        to,
        text: 'Ten percent off.',
        purpose: 'marketing',
        ...body,
      });
      if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
      await service.sendMessages();
      return (await call('GET', `/v1/messages/${answer.body.id}`)).body;
    },
    read: async (id) => (await call('GET', `/v1/messages/${id}`)).body,
    async write(text, other = 'ACME') {
      const answer = await call('POST', '/v1/sandbox/messages', { from: to, to: other, text });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      await service.sendMessages();
    },
    async inbox() {
      const { body } = await call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(to)}`);
      return body.data.map(({ text }: { text: string }) => text).toReversed();
    },
    async events(type) {
      await service.recorded();
      return (await call('GET', `/v1/events?type=${type}`)).body.data;
    },
  };
}
