import { afterEach, describe, expect, test } from 'vitest';
import { buildSandboxApp, keys } from './sandbox-app.ts';

type App = Awaited<ReturnType<typeof buildSandboxApp>>;
const open: App[] = [];

async function build(options = {}): Promise<App> {
  const built = await buildSandboxApp(options);
  open.push(built);
  return built;
}

afterEach(async () => {
  for (const { app } of open.splice(0)) await app.close();
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const signal = new AbortController().signal;

function deliver({ sandbox }: App, text: string, changes = {}) {
  const common = {
    project: 'prj_own',
    mode: 'test',
    channel: 'sms',
    from: 'Acme',
    to: '+33612345678',
    locale: 'en',
  } as const;
  return sandbox.send({ ...common, reference: `ver_x/${text}`, text, validitySeconds: 600, ...changes }, signal);
}

async function list({ app }: App, query = '', key: string = keys.own) {
  const answer = await app.inject({ url: `/v1/sandbox/messages${query}`, headers: bearer(key) });
  return { status: answer.statusCode, body: answer.json() };
}

async function reply({ app }: App, body: object, key: string = keys.own) {
  const answer = await app.inject({ method: 'POST', url: '/v1/sandbox/messages', headers: bearer(key), payload: body });
  return { status: answer.statusCode, body: answer.json() };
}

describe('GET /v1/sandbox/messages', () => {
  test('shows what the phone received, newest first', async () => {
    const built = await build();
    await deliver(built, 'first');
    await deliver(built, 'żółć', { reference: 'ver_x/2' });
    await deliver(built, 'Your code is: 1, 2, 3.', { channel: 'voice' });
    const { status, body } = await list(built, '?to=%2B33612345678');
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
    const built = await build();
    await deliver(built, 'hello');
    await deliver(built, 'elsewhere', { to: '+33612345679' });
    for (const to of ['%2B33612345678', '+33612345678', '%2B33%206%2012%2034%2056%2078', '%2B33(0)612345678']) {
      expect((await list(built, `?to=${to}`)).body.data.map((message: { text: string }) => message.text)).toEqual([
        'hello',
      ]);
    }
  });

  test('gives as many as asked for, never another project’s or mode’s', async () => {
    const built = await build();
    for (const text of ['1', '2', '3']) await deliver(built, text);
    await deliver(built, 'secret', { project: 'prj_other' });
    await deliver(built, 'live', { mode: 'live' });
    expect((await list(built)).body.data).toHaveLength(3);
    expect((await list(built, '?limit=2')).body.data).toMatchObject([{ text: '3' }, { text: '2' }]);
    expect((await list(built, '', keys.other)).body.data).toMatchObject([{ text: 'secret' }]);
    expect((await list(built, '', keys.live)).body.data).toMatchObject([{ text: 'live' }]);
  });

  test.each(['?limit=0', '?limit=101', '?limit=x', '?from=%2B33612345678', `?to=${'1'.repeat(41)}`])(
    '422: %s',
    async (query) => {
      expect(await list(await build(), query)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
    },
  );

  test.each(['?to=12', '?to=', '?to=Acme', '?to=%2B33612'])('422, not a number: %s', async (query) => {
    expect(await list(await build(), query)).toMatchObject({ status: 422, body: { code: 'invalid_phone_number' } });
  });
});

describe('POST /v1/sandbox/messages', () => {
  test('takes a message from the phone, shows it and hands it on', async () => {
    const built = await build();
    const { status, body } = await reply(built, { from: '+33 6 12 34 56 78', to: 'Acme', text: 'STOP' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      direction: 'mo',
      channel: 'sms',
      from: '+33612345678',
      to: 'Acme',
      text: 'STOP',
      segments: 1,
    });
    expect((await list(built)).body.data).toEqual([body]);
    expect(built.inbound).toMatchObject([
      { id: body.id, project: 'prj_own', mode: 'test', from: '+33612345678', text: 'STOP' },
    ]);
  });

  test.each([
    ['36180', '36180'],
    ['+33 7 56 78 90 12', '+33756789012'],
    ['MY BANK', 'MY BANK'],
  ])('answers to %s', async (to, shown) => {
    expect(await reply(await build(), { from: '+33612345678', to, text: 'OK' })).toMatchObject({
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
    const built = await build();
    expect(await reply(built, body)).toMatchObject({ status: 422, body: { code } });
    expect(built.inbound).toEqual([]);
    expect((await list(built)).body.data).toEqual([]);
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
    const { app } = await build();
    const call = (headers: Record<string, string>) =>
      app.inject({ method, url, headers, ...(method === 'POST' && { payload }) });
    expect((await call({})).statusCode).toBe(401);
    expect((await call(bearer(keys.noScope))).json()).toMatchObject({ status: 403, code: 'insufficient_scope' });
  });

  test.each(calls)('%s %s: 403 in production for live keys, not for test keys', async (method, url) => {
    const built = await build({ production: true });
    const call = (key: string) =>
      built.app.inject({ method, url, headers: bearer(key), ...(method === 'POST' && { payload }) });
    expect((await call(keys.live)).json()).toMatchObject({ status: 403, code: 'sandbox_unavailable' });
    if (!url.endsWith('stream')) expect((await call(keys.own)).statusCode).toBeLessThan(300);
    expect(built.inbound.every((message) => message.mode === 'test')).toBe(true);
  });
});

describe('GET /v1/sandbox/stream', () => {
  async function listen(built: App) {
    const url = await built.app.listen({ port: 0, host: '127.0.0.1' });
    return async (key: string = keys.own) => {
      const controller = new AbortController();
      const answer = await fetch(`${url}/v1/sandbox/stream`, { headers: bearer(key), signal: controller.signal });
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
    const built = await build();
    const connect = await listen(built);
    const stream = await connect();
    expect(stream.answer.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.answer.headers.get('cache-control')).toBe('no-store');
    expect(await stream.until('\n\n')).toBe('retry: 1000\n\n');
    await deliver(built, 'not yours', { project: 'prj_other' });
    await deliver(built, 'not this mode', { mode: 'live' });
    await deliver(built, 'two\nlines');
    await reply(built, { from: '+33612345678', to: 'Acme', text: 'and back' });
    const events = (await stream.until('and back'))
      .split('\n\n')
      .slice(1)
      .map((event) => /^id: (?<id>msg_\w+)\ndata: (?<data>.*)$/.exec(event)?.groups)
      .filter((groups) => groups !== undefined);
    const messages = events.map(({ data }) => JSON.parse(data ?? ''));
    expect(messages).toEqual((await list(built)).body.data.toReversed());
    expect(messages.map((message) => message.text)).toEqual(['two\nlines', 'and back']);
    expect(events.map(({ id }) => id)).toEqual(messages.map((message) => message.id));
    stream.close();
  });

  test('a shutdown ends the streams and is not held up by them', async () => {
    const built = await build();
    const connect = await listen(built);
    const stream = await connect();
    await stream.until('retry');
    const closed = built.app.close();
    expect(await stream.ended()).toBe(true);
    await closed;
  });

  test('503 beyond ten per project; a stream that goes away makes room, and other projects are not affected', async () => {
    const built = await build();
    const connect = await listen(built);
    const streams = await Promise.all(Array.from({ length: 10 }, () => connect()));
    expect(streams.map((stream) => stream.answer.status)).toEqual(Array(10).fill(200));
    const refused = await connect();
    expect(refused.answer.status).toBe(503);
    expect(refused.answer.headers.get('retry-after')).toBe('5');
    expect((await connect(keys.other)).answer.status).toBe(200);
    streams[0]?.close();
    await expect.poll(async () => (await connect()).answer.status).toBe(200);
  });
});
