import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectProblem } from './expect-problem.ts';
import { json, probeApp } from './probe-app.ts';

let app: FastifyInstance;
beforeAll(async () => {
  app = await probeApp();
});
afterAll(() => app.close());

const post = (payload: string | Buffer, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/v1/echo', headers: { ...json, ...headers }, payload });

describe('error answers', () => {
  it('are problems, whatever goes wrong (API-01, API-02, API-03)', async () => {
    expectProblem(await app.inject('/nowhere'), 'not_found');
    expectProblem(await app.inject('/v1/things/thing_001'), 'unauthorized');
    expectProblem(await post('{'), 'malformed_body');
    expectProblem(await post(''), 'malformed_body');
    expectProblem(await post('{}'), 'invalid_request');
    expectProblem(await post('x'.repeat(40_000)), 'body_too_large');
    expectProblem(await app.inject('/v1/%zz'), 'malformed_request');
    expectProblem(await app.inject(`/v1/things/${'x'.repeat(101)}`), 'uri_too_long');
    expectProblem(await app.inject('/v1/fail/problem'), 'conflict');
  });

  it('of unexpected errors say nothing about them', async () => {
    for (const how of ['bug', 'string', 'null', 'undefined']) {
      const answer = await app.inject(`/v1/fail/${how}`);
      const body = expectProblem(answer, 'internal_error');
      expect(Object.keys(body).sort()).toEqual(['code', 'request_id', 'status', 'title', 'type']);
    }
  });

  it('keep internal causes to themselves', async () => {
    const body = expectProblem(await app.inject('/v1/fail/problem'), 'conflict');
    expect(body.detail).toBe('In public.');
    expect(JSON.stringify(body)).not.toContain('private');
  });

  it('name the store that is down and when to come back, not all at once (API-30)', async () => {
    const seen = new Set<number>();
    for (let i = 0; i < 50; i++) {
      const answer = await app.inject('/v1/fail/store');
      expect(expectProblem(answer, 'store_unavailable').store).toBe('redis');
      seen.add(Number(answer.headers['retry-after']));
    }
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(1);
    expect(seen.size).toBeGreaterThan(1);
  });

  it('name the request as the log does, and take no name from the caller', async () => {
    const answer = await app.inject({ url: '/nowhere', headers: { 'x-request-id': 'mine', 'request-id': 'mine' } });
    expect(expectProblem(answer, 'not_found').request_id).not.toBe('mine');
  });
});

describe('methods (API-04)', () => {
  it('that a path does not have are answered with those it has', async () => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE'] as const) {
      const answer = await app.inject({ method: method as 'GET', url: '/v1/echo?x=1', headers: json });
      expect(answer.statusCode, method).toBe(405);
      expect(answer.headers.allow).toBe('POST');
      if (method !== 'HEAD') expectProblem(answer, 'method_not_allowed');
    }
    const answer = await app.inject({ method: 'POST', url: '/v1/things/thing_001', payload: {} });
    expect(expectProblem(answer, 'method_not_allowed').title).toBeTruthy();
    expect(answer.headers.allow).toBe('GET, HEAD');
  });

  it('of unknown paths are not found', async () => {
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      expectProblem(await app.inject({ method, url: '/v1/nothing', headers: json, payload: '{"x":1}' }), 'not_found');
    }
  });
});

describe('security headers (API-03, API-29)', () => {
  it('are on every answer, and nothing names the software', async () => {
    for (const url of ['/v1/public', '/nowhere', '/v1/fail/bug', '/v1/%zz']) {
      const { headers } = await app.inject(url);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'content-type': expect.stringMatching(/^application\/(problem\+)?json; charset=utf-8$/),
      });
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('location');
    }
  });
});
