import Fastify from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { createSandbox, type SandboxMessage } from '../../src/delivery/providers/sandbox.ts';
import { sandboxRoutes } from '../../src/delivery/sandbox-routes.ts';
import { openSandboxService, type SandboxKeys } from './sandbox-service.ts';

type Service = Awaited<ReturnType<typeof openSandboxService>>;
const opened: Service[] = [];

async function open(mode: 'development' | 'production' = 'development'): Promise<Service> {
  const service = await openSandboxService({ mode });
  opened.push(service);
  return service;
}

afterEach(async () => {
  for (const service of opened.splice(0)) await service.close();
});

const list = ({ call, keys }: Service, query = '', key: keyof SandboxKeys = 'own') =>
  call('GET', `/v1/sandbox/messages${query}`, undefined, { key: keys[key] });
const reply = ({ call, keys }: Service, body: object) => call('POST', '/v1/sandbox/messages', body, { key: keys.own });

describe('GET /v1/sandbox/messages', () => {
  test('shows what the phone received, newest first', async () => {
    const service = await open();
    await service.send('first');
    await service.send('żółć', { reference: 'ver_x/2' });
    await service.send('Your code is: 1, 2, 3.', { channel: 'voice' });
    const { status, body } = await list(service, '?to=%2B33612345678');
    expect(status).toBe(200);
    const common = {
      direction: 'mt',
      from: 'Acme',
      to: '+33612345678',
      locale: 'en',
      received_at: '2027-01-15T08:00:00.000Z',
    };
    const id = expect.stringMatching(/^msg_[0-9a-z]{26}$/);
    expect(body).toEqual({
      data: [
        { id, ...common, channel: 'voice', text: 'Your code is: 1, 2, 3.', segments: null, encoding: null },
        { id, ...common, channel: 'sms', text: 'żółć', segments: 1, encoding: 'ucs2' },
        { id, ...common, channel: 'sms', text: 'first', segments: 1, encoding: 'gsm7' },
      ],
    });
  });

  test('finds a number in any spelling', async () => {
    const service = await open();
    await service.send('hello');
    await service.send('elsewhere', { to: '+33612345679' });
    for (const to of ['%2B33612345678', '+33612345678', '%2B33%206%2012%2034%2056%2078', '%2B33(0)612345678']) {
      expect((await list(service, `?to=${to}`)).body.data.map((message: { text: string }) => message.text)).toEqual([
        'hello',
      ]);
    }
  });

  test('gives as many as asked for, never another project’s or mode’s', async () => {
    const service = await open();
    for (const text of ['1', '2', '3']) await service.send(text);
    await service.send('secret', { project: service.otherProject });
    await service.send('live', { mode: 'live' });
    expect((await list(service)).body.data).toHaveLength(3);
    expect((await list(service, '?limit=2')).body.data).toMatchObject([{ text: '3' }, { text: '2' }]);
    expect((await list(service, '', 'other')).body.data).toMatchObject([{ text: 'secret' }]);
    expect((await list(service, '', 'live')).body.data).toMatchObject([{ text: 'live' }]);
  });

  test.each(['?limit=0', '?limit=101', '?limit=x', '?from=%2B33612345678', `?to=${'1'.repeat(255)}`])(
    '422: %s',
    async (query) => {
      expect(await list(await open(), query)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
    },
  );

  test.each(['?to=12', '?to=', '?to=Acme', '?to=%2B33612'])('422, not a number: %s', async (query) => {
    expect(await list(await open(), query)).toMatchObject({ status: 422, body: { code: 'invalid_phone_number' } });
  });
});

describe('POST /v1/sandbox/messages', () => {
  test('takes a message from the phone and shows it', async () => {
    const service = await open();
    const { status, body } = await reply(service, { from: '+33 6 12 34 56 78', to: 'Acme', text: 'STOP' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      direction: 'mo',
      channel: 'sms',
      from: '+33612345678',
      to: 'Acme',
      text: 'STOP',
      segments: 1,
    });
    expect((await list(service)).body.data).toEqual([body]);
  });

  test('hands it on, and answers only when that is done', async () => {
    const inbound: SandboxMessage[] = [];
    const onInbound = async (message: SandboxMessage) => {
      await new Promise(setImmediate);
      inbound.push(message);
    };
    const app = Fastify();
    app.addHook('onRequest', async (request) => {
      request.auth = { projectId: 'prj_a', mode: 'test' } as typeof request.auth;
    });
    await app.register(sandboxRoutes({ sandbox: createSandbox(() => 0), production: true, onInbound }));
    const payload = { from: '+33 6 12 34 56 78', to: 'Acme', text: 'STOP' };
    const { id } = (await app.inject({ method: 'POST', url: '/v1/sandbox/messages', payload })).json();
    expect(inbound).toMatchObject([
      { id, project: 'prj_a', mode: 'test', from: '+33612345678', to: 'Acme', text: 'STOP' },
    ]);
  });

  test.each([
    ['36180', '36180'],
    ['+33 7 56 78 90 12', '+33756789012'],
    ['MY BANK', 'MY BANK'],
  ])('answers to %s', async (to, shown) => {
    expect(await reply(await open(), { from: '+33612345678', to, text: 'OK' })).toMatchObject({
      status: 201,
      body: { to: shown },
    });
  });

  test.each([
    [{ from: '12', to: 'Acme', text: 'x' }, 'invalid_phone_number'],
    [{ from: '+33612345678', to: '+33', text: 'x' }, 'invalid_phone_number'],
    [{ from: '+33612345678', to: 'Acme\n', text: 'x' }, 'invalid_phone_number'],
    [{ from: '+33612345678', to: 'Acme', text: '' }, 'invalid_request'],
    [{ from: '+33612345678', to: 'Acme', text: 'x'.repeat(1601) }, 'invalid_request'],
    [{ from: '+33612345678', to: 'Acme', text: 'x', channel: 'sms' }, 'invalid_request'],
    [{ to: 'Acme', text: 'x' }, 'invalid_request'],
    [{ from: 33612345678, to: 'Acme', text: 'x' }, 'invalid_request'],
  ])('422, and nothing is kept: %j', async (body, code) => {
    const service = await open();
    expect(await reply(service, body)).toMatchObject({ status: 422, body: { code } });
    expect((await list(service)).body.data).toEqual([]);
  });
});

describe('who may', () => {
  const calls = [
    ['GET', '/v1/sandbox/messages'],
    ['POST', '/v1/sandbox/messages'],
    ['GET', '/v1/sandbox/stream'],
  ] as const;
  const payload = { from: '+33612345678', to: 'Acme', text: 'x' };

  test.each(calls)('%s %s: 401 without a key, 403 without the scope', async (method, url) => {
    const { app, call, keys } = await open();
    const body = method === 'POST' ? payload : undefined;
    expect((await app.inject({ method, url, ...(body && { payload: body }) })).statusCode).toBe(401);
    const refused = await call(method, url, body, { key: keys.noScope });
    expect(refused).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
  });

  test.each(calls)('%s %s: 403 in production for live keys, not for test keys', async (method, url) => {
    const { call, keys } = await open('production');
    const body = method === 'POST' ? payload : undefined;
    const refused = await call(method, url, body, { key: keys.live });
    expect(refused).toMatchObject({ status: 403, body: { code: 'sandbox_unavailable' } });
    if (!url.endsWith('stream')) expect((await call(method, url, body, { key: keys.own })).status).toBeLessThan(300);
  });
});

describe('GET /v1/sandbox/stream', () => {
  async function listen({ app, keys }: Service) {
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return async (key: keyof SandboxKeys = 'own') => {
      const controller = new AbortController();
      const headers = { authorization: `Bearer ${keys[key]}` };
      const answer = await fetch(`${url}/v1/sandbox/stream`, { headers, signal: controller.signal });
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      let seen = '';
      /** Reads until the text has come. */
      const until = async (text: string) => {
        while (!seen.includes(text)) {
          const chunk = await reader?.read();
          if (!chunk || chunk.done) throw new Error(`ended after ${seen}`);
          seen += chunk.value;
        }
        return seen;
      };
      const ended = async () => {
        for (;;) {
          const chunk = await reader?.read();
          if (!chunk || chunk.done) return true;
        }
      };
      return { answer, until, ended, close: () => controller.abort() };
    };
  }

  test('sends the messages of the key’s project and mode as they come', async () => {
    const service = await open();
    const connect = await listen(service);
    const stream = await connect();
    expect(stream.answer.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.answer.headers.get('cache-control')).toBe('no-store');
    expect(await stream.until('\n\n')).toBe('retry: 1000\n\n');
    await service.send('not yours', { project: service.otherProject });
    await service.send('not this mode', { mode: 'live' });
    await service.send('two\nlines');
    await reply(service, { from: '+33612345678', to: 'Acme', text: 'and back' });
    const events = (await stream.until('and back'))
      .split('\n\n')
      .slice(1)
      .map((event) => /^id: (?<id>msg_\w+)\ndata: (?<data>.*)$/.exec(event)?.groups)
      .filter((groups) => groups !== undefined);
    const messages = events.map(({ data }) => JSON.parse(data ?? ''));
    expect(messages).toEqual((await list(service)).body.data.toReversed());
    expect(messages.map((message) => message.text)).toEqual(['two\nlines', 'and back']);
    expect(events.map(({ id }) => id)).toEqual(messages.map((message) => message.id));
    stream.close();
  });

  test('a shutdown ends the streams and is not held up by them', async () => {
    const service = await open();
    const connect = await listen(service);
    const stream = await connect();
    await stream.until('retry');
    const closed = service.app.close();
    expect(await stream.ended()).toBe(true);
    await closed;
  });

  test('ends within a second of the revocation of its key', async () => {
    const service = await open();
    const connect = await listen(service);
    const [revoked, other] = [await connect('own'), await connect('other')];
    await revoked.until('retry');
    const id = (await service.call('GET', '/v1/keys')).body.data.find(
      ({ scopes }: { scopes: string[] }) => scopes.join() === 'sandbox,verifications:write',
    ).id;
    expect((await service.call('DELETE', `/v1/keys/${id}`)).status).toBe(200);
    // What was known of the key half a second ago does not count any more.
    service.clock.now += 500;
    expect(await revoked.ended()).toBe(true);
    await service.send('still there', { project: service.otherProject });
    await other.until('still there');
    other.close();
  });

  test('503 beyond ten per project; a stream that goes away makes room, and other projects are not affected', async () => {
    const service = await open();
    const connect = await listen(service);
    const streams = await Promise.all(Array.from({ length: 10 }, () => connect()));
    expect(streams.map((stream) => stream.answer.status)).toEqual(Array(10).fill(200));
    const refused = await connect();
    expect(refused.answer.status).toBe(503);
    expect(refused.answer.headers.get('retry-after')).toBe('5');
    expect((await connect('other')).answer.status).toBe(200);
    streams[0]?.close();
    await expect.poll(async () => (await connect()).answer.status).toBe(200);
  });
});
