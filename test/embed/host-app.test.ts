import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import countersign, { openServices, readConfig, type Services } from '../../src/index.ts';
import { freshDatabase } from '../rig/stores.ts';
import { newNumber } from '../service.ts';

describe('Countersign inside somebody else’s Fastify app', () => {
  const key = 'cs_test_0123456789abcdefghijklmnopqrstuv';
  let services: Services;
  let host: FastifyInstance;

  beforeAll(async () => {
    const { url } = await freshDatabase('sqlite');
    const config = readConfig({
      DATABASE_URL: url,
      COUNTERSIGN_API_KEY: key,
      COUNTERSIGN_SECRET: Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7)).toString('base64'),
    });
    services = await openServices({ ...config, file: { ...config.file, log_level: 'silent' } });
    host = Fastify();
    host.setErrorHandler((_error, _request, reply) => reply.code(418).send({ host: 'error' }));
    host.setNotFoundHandler((_request, reply) => reply.code(404).send({ host: 'not found' }));
    host.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    host.decorateRequest('user', null);
    host.post('/echo', async (request) => ({ body: request.body }));
    host.get('/fails', async () => {
      throw new Error('the host’s own');
    });
    await host.register(countersign, { services, prefix: '/otp' });
    await host.ready();
  });
  afterAll(async () => {
    await host?.close();
    await services?.close();
  });

  const call = (method: 'GET' | 'POST', url: string, payload?: object) =>
    host.inject({ method, url, headers: { authorization: `Bearer ${key}` }, ...(payload && { payload }) });

  it('works under its prefix', async () => {
    const to = newNumber();
    const started = await call('POST', '/otp/v1/verifications', { to });
    expect(started.statusCode).toBe(201);
    expect(started.headers.location).toBe(`/otp/v1/verifications/${started.json().id}`);
    const messages = await call('GET', `/otp/v1/sandbox/messages?to=${encodeURIComponent(to)}`);
    const code = /\b\d{6}\b/.exec(messages.json().data[0].text)?.[0];
    const checked = await call('POST', `/otp/v1/verifications/${started.json().id}/check`, { code });
    expect(checked.json()).toMatchObject({ valid: true, status: 'approved' });
    expect((await call('GET', '/v1/verifications')).json()).toEqual({ host: 'not found' });
  });

  it('answers its own errors itself', async () => {
    const refused = await call('POST', '/otp/v1/verifications', { to: 'nobody' });
    expect(refused.statusCode).toBe(422);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    const unknown = await call('GET', '/otp/nothing');
    expect(unknown.json()).toMatchObject({ status: 404, code: 'not_found', type: '/otp/docs/errors#not_found' });
  });

  it('leaves the host’s routes, parsers, headers and error handlers as they were', async () => {
    expect((await call('GET', '/fails')).json()).toEqual({ host: 'error' });
    expect((await call('GET', '/nothing')).json()).toEqual({ host: 'not found' });
    const plain = await host.inject({
      method: 'POST',
      url: '/echo',
      headers: { 'content-type': 'text/plain' },
      payload: 'hi',
    });
    expect(plain.json()).toEqual({ body: 'hi' });
    expect(plain.headers['content-security-policy']).toBeUndefined();
    // The host's parser keeps the last of two members; ours would refuse them.
    const double = await host.inject({
      method: 'POST',
      url: '/echo',
      headers: { 'content-type': 'application/json' },
      payload: '{"a":1,"a":2}',
    });
    expect(double.json()).toEqual({ body: { a: 2 } });
  });
});
