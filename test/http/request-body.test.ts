import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectProblem } from './expect-problem.ts';
import { bearer, json, probeApp } from './probe-app.ts';

let app: FastifyInstance;
beforeAll(async () => {
  app = await probeApp();
});
afterAll(() => app.close());

const echo = (payload: string | Buffer, headers: Record<string, string> = json) =>
  app.inject({ method: 'POST', url: '/v1/echo', headers, payload });

describe('content types (API-05)', () => {
  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
  ])('takes %j', async (type) => {
    expect((await echo('{"code":"1"}', { ...bearer(), 'content-type': type })).statusCode).toBe(200);
  });

  const odd = [
    ' application/json',
    'application/json ',
    'application/json\t',
    'application/json\t; x',
    'application/json garbage',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; x=y',
    'application/json; charset="utf-8"',
    'application/json, application/json',
    'application/jsonp',
    'application/json+x',
    'application/problem+json',
    'text/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'json',
    '*/*',
  ];
  it.each(odd)('refuses %j, with a valid body and with an invalid one', async (type) => {
    for (const body of ['{"code":"1"}', '{"status":"approved"}']) {
      expectProblem(await echo(body, { ...bearer(), 'content-type': type }), 'unsupported_media_type');
    }
  });

  it('refuses a body without a type', async () => {
    expectProblem(await echo('{"code":"1"}', bearer()), 'unsupported_media_type');
  });

  it('never validates less because of the type', async () => {
    const type = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'application/json;= \tcharset-utf8"x') }),
      fc
        .constantFrom(...odd, 'application/json')
        .chain((known) => fc.string({ maxLength: 3 }).map((tail) => known + tail)),
    );
    await fc.assert(
      fc.asyncProperty(
        type.filter((text) => /^[\t\x20-\x7e]*$/.test(text)),
        async (text) => {
          const { statusCode } = await echo('{"status":"approved"}', { ...bearer(), 'content-type': text });
          expect([415, 422]).toContain(statusCode);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses compressed bodies', async () => {
    for (const coding of ['gzip', 'br', 'deflate', 'identity']) {
      expectProblem(await echo('{"code":"1"}', { ...json, 'content-encoding': coding }), 'unsupported_media_type');
    }
  });
});

describe('bodies', () => {
  it('with unknown members are refused and the members named (API-07)', async () => {
    const { errors } = expectProblem(
      await echo('{"code":"1","status":"approved","attempts":0,"nested":{"flag":true,"a/b~c":1}}'),
      'invalid_request',
    );
    expect(errors).toEqual(
      expect.arrayContaining([
        { pointer: '/status', message: 'is not a known field' },
        { pointer: '/attempts', message: 'is not a known field' },
        { pointer: '/nested/a~1b~0c', message: 'is not a known field' },
      ]),
    );
  });

  it.each([
    ['a number for a text', '{"code":1}', '/code'],
    ['a list for a text', '{"code":["1","2"]}', '/code'],
    ['null for a text', '{"code":null}', '/code'],
    ['a text for a number', '{"code":"1","count":"1"}', '/count'],
    ['a fraction for an integer', '{"code":"1","count":1.5}', '/count'],
    ['an impossible number', '{"code":"1","count":1e999}', '/count'],
    ['a number for a flag', '{"code":"1","nested":{"flag":1}}', '/nested/flag'],
    ['nothing for something required', '{}', '/code'],
    ['an unknown name of a list', '{"code":"1","channel":"pigeon"}', '/channel'],
  ])('with %s are refused, the place named, the value not (API-08)', async (_what, body, pointer) => {
    const answered = expectProblem(await echo(body), 'invalid_request');
    expect(answered.errors?.map((error) => error.pointer)).toEqual([pointer]);
    expect(JSON.stringify(answered.errors)).not.toContain('pigeon');
  });

  it('say what would have been right', async () => {
    const { errors } = expectProblem(await echo('{"code":"1","channel":"pigeon"}'), 'invalid_request');
    expect(errors).toEqual([{ pointer: '/channel', message: 'must be one of sms, voice' }]);
  });

  it.each([
    ['a doubled name', '{"code":"1","code":"2"}'],
    ['__proto__', '{"code":"1","__proto__":{"a":1}}'],
    ['constructor', '{"code":"1","constructor":{"prototype":{"a":1}}}'],
    ['a list of lists', '['.repeat(100_000)],
    ['text', 'code=1'],
  ])('that are ambiguous or no JSON are refused: %s (API-08, API-09)', async (_what, body) => {
    expectProblem(await echo(body.slice(0, 30_000)), 'malformed_body');
    expect((await echo('{"code":"1"}')).json()).toEqual({ code: '1' });
  });

  it('that are no object are refused', async () => {
    for (const body of ['null', '1', '"x"', '[]', '[{"code":"1"}]']) expectProblem(await echo(body), 'invalid_request');
  });

  it('are required where one is expected', async () => {
    expectProblem(await app.inject({ method: 'POST', url: '/v1/echo', headers: bearer() }), 'malformed_body');
    expectProblem(await echo(''), 'malformed_body');
  });

  it('are refused where none is expected, but an empty one does no harm', async () => {
    const bare = (payload?: string) =>
      app.inject({ method: 'POST', url: '/v1/bare', headers: json, ...(payload !== undefined && { payload }) });
    for (const payload of [undefined, '', '{}', ' {} ']) expect((await bare(payload)).statusCode).toBe(200);
    for (const payload of ['{"a":1}', '[1]', 'null', '5', '"x"']) expectProblem(await bare(payload), 'invalid_request');
  });

  it('with thousands of mistakes are answered shortly', async () => {
    const members = Array.from({ length: 3_000 }, (_, i) => `"k${i}":1`).join();
    const { errors } = expectProblem(await echo(`{${members}}`), 'invalid_request');
    expect(errors?.length).toBeLessThanOrEqual(20);
  });
});

describe('parameters', () => {
  const things = (query: string) => app.inject({ url: `/v1/things${query}`, headers: bearer() });

  it('are read as numbers where numbers are meant', async () => {
    expect((await things('?limit=7')).json()).toEqual({ limit: 7 });
    expect((await things('')).json()).toEqual({ limit: 20 });
  });

  it.each([
    ['unknown', '?x=1', 'x'],
    ['doubled', '?q=a&q=b', 'q'],
    ['doubled numbers', '?limit=1&limit=1', 'limit'],
    ['no number', '?limit=x', 'limit'],
    ['no integer', '?limit=1.5', 'limit'],
    ['hexadecimal', '?limit=0x10', 'limit'],
    ['with an exponent', '?limit=1e1', 'limit'],
    ['with a space before', '?limit=%2010', 'limit'],
    ['with a space after', '?limit=10%20', 'limit'],
    ['with a plus', '?limit=%2B10', 'limit'],
    ['with a point', '?limit=10.0', 'limit'],
    ['empty', '?limit=', 'limit'],
    ['too large (API-28)', '?limit=1000000000', 'limit'],
    ['zero', '?limit=0', 'limit'],
    ['negative', '?limit=-1', 'limit'],
    ['__proto__', '?__proto__=1', '__proto__'],
    ['a cursor of strange characters', '?cursor=%00', 'cursor'],
  ])('that are %s are refused by name', async (_what, query, name) => {
    const { errors } = expectProblem(await things(query), 'invalid_request');
    expect(errors?.map((error) => error.pointer)).toEqual([name]);
  });

  it('are refused where a route takes none', async () => {
    expectProblem(await app.inject('/v1/public?x=1'), 'invalid_request');
  });

  it('that no id can be are the id of nothing (API-22)', async () => {
    expect((await app.inject({ url: '/v1/things/thing_001', headers: bearer() })).statusCode).toBe(200);
    for (const id of ['thing_1', '..%2f..%2fetc', '%00', 'x'.repeat(90)]) {
      expectProblem(await app.inject({ url: `/v1/things/${id}`, headers: bearer() }), 'not_found');
    }
  });
});
