import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { installHttp } from '../../src/http/install-http.ts';
import { expectProblem } from './expect-problem.ts';
import { bearer, probeDeps } from './probe-app.ts';

/** Somebody else's app, with habits of its own, and the API in it. */
async function hostApp(prefix?: string) {
  const host = Fastify({ ajv: { customOptions: { removeAdditional: true, coerceTypes: 'array' } } });
  host.decorateRequest('auth', null as never);
  host.setErrorHandler((error, _request, reply) => reply.code(418).send({ host: (error as Error).message }));
  host.setNotFoundHandler((_request, reply) => reply.code(404).send({ host: 'not found' }));
  host.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  host.get('/boom', async () => {
    throw new Error('boom');
  });
  host.post('/csv', async (request) => request.body);
  host.post('/json', async (request) => request.body);
  const deps = await probeDeps({ standalone: false });
  await host.register(
    async (mounted) => {
      installHttp(mounted, deps);
      mounted.post(
        '/v1/echo',
        {
          config: { scope: 'verifications:write' },
          schema: { body: { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false } },
        },
        async (request) => request.body,
      );
    },
    prefix === undefined ? {} : { prefix },
  );
  return host;
}

describe.each([['/otp'], [undefined]])('in a host app under %s', (prefix) => {
  it('keeps its own rules', async () => {
    const host = await hostApp(prefix);
    const echo = (payload: object | string) =>
      host.inject({
        method: 'POST',
        url: `${prefix ?? ''}/v1/echo`,
        headers: { ...bearer(), 'content-type': 'application/json' },
        payload,
      });
    expect((await echo({ n: 1 })).json()).toEqual({ n: 1 });
    expectProblem(await echo({ n: 1, x: 1 }), 'invalid_request');
    expectProblem(await echo({ n: '1' }), 'invalid_request');
    const { type } = expectProblem(await echo('{"n":1,"n":2}'), 'malformed_body');
    expect(type).toBe(`${prefix ?? ''}/docs/errors#malformed_body`);
    await host.close();
  });

  it('leaves the host’s alone', async () => {
    const host = await hostApp(prefix);
    expect((await host.inject('/boom')).json()).toEqual({ host: 'boom' });
    expect((await host.inject('/nowhere')).json()).toEqual({ host: 'not found' });
    const csv = await host.inject({
      method: 'POST',
      url: '/csv',
      headers: { 'content-type': 'text/csv' },
      payload: 'a,b',
    });
    expect(csv.body).toBe('a,b');
    const doubled = {
      method: 'POST',
      url: '/json',
      headers: { 'content-type': 'application/json' },
      payload: '{"a":1,"a":2}',
    } as const;
    expect((await host.inject(doubled)).json()).toEqual({ a: 2 });
    expect((await host.inject('/boom')).headers).not.toHaveProperty('content-security-policy');
    await host.close();
  });
});

it('answers unknown paths and methods below its prefix', async () => {
  const host = await hostApp('/otp');
  expectProblem(await host.inject('/otp/nowhere'), 'not_found');
  const answer = await host.inject('/otp/v1/echo');
  expectProblem(answer, 'method_not_allowed');
  expect(answer.headers.allow).toBe('POST');
  await host.close();
});
