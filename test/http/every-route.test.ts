import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestService, type TestService } from '../service.ts';
import { expectProblem } from './expect-problem.ts';

interface Operation {
  security: object[];
  requestBody?: { content: Record<string, object> };
  parameters?: { in?: string; name?: string; schema?: { pattern?: string } }[];
}

interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  /** With some well-formed id where one belongs. */
  url: string;
  operation: Operation;
}

let service: TestService;
let routes: Route[];
/** May read metrics and nothing else. */
let weakKey: string;
beforeAll(async () => {
  service = await openTestService('embedded');
  const { paths } = (await service.call('GET', '/openapi.json')).body as {
    paths: Record<string, Record<string, Operation>>;
  };
  routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase() as Route['method'],
      path,
      url: path.replace(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? idFor(operation, name)),
      operation,
    })),
  );
  const created = await service.call('POST', '/v1/keys', { name: 'weak', scopes: ['metrics:read'] });
  weakKey = created.body.key;
});
afterAll(() => service?.close());

const PARAMETERS: Record<string, string> = {
  version: '1',
  channel: 'sms',
  locale: 'en',
  host: 'login.example.com',
  number: '33755550100',
  hash: 'FA%2B9qCX9VSu',
  event_id: `evt_${'0'.repeat(26)}`,
  delivery: `dlv_${'0'.repeat(26)}`,
};

/** An id as the route describes it. */
function idFor({ parameters = [] }: Operation, name: string): string {
  const pattern = parameters.find((parameter) => parameter.name === name)?.schema?.pattern ?? '';
  const { prefix, count } = /^\^(?<prefix>[a-z]+_)\[[^\]]+\]\{(?<count>\d+)(?:,\d+)?\}\$$/.exec(pattern)?.groups ?? {};
  if (prefix === undefined) throw new Error(`${name} is none of PARAMETERS and has no pattern of an id`);
  return prefix + '0'.repeat(Number(count));
}

const inject = (options: InjectOptions, key: string | null = service.key) =>
  service.app.inject({
    ...options,
    headers: { ...(key !== null && { authorization: `Bearer ${key}` }), ...options.headers },
  });

it('is described', () => {
  expect(routes.length).toBeGreaterThan(20);
});

it('wants a key unless it says otherwise, whatever is sent (API-21)', async () => {
  const open: string[] = [];
  for (const { method, url, operation } of routes) {
    if (operation.security.length === 0) {
      open.push(`${method} ${url}`);
      continue;
    }
    for (const key of [null, 'cs_live_none', `cs_test_${'x'.repeat(43)}`]) {
      const answer = await inject({ method, url: `${url}?api_key=${service.key}` }, key);
      expectProblem(answer, 'unauthorized');
      expect(answer.headers['www-authenticate']).toContain('Bearer');
    }
    service.clock.now += 60_000; // a new quota of failed authentications
  }
  expect(open.sort()).toEqual([
    'GET /.well-known/jwks.json',
    'GET /health/live',
    'GET /health/ready',
    'GET /metrics',
    'GET /openapi.json',
    'GET /schemas/webhook-2026-11-22.xsd',
  ]);
});

it('wants the scope it names', async () => {
  for (const { method, url, operation } of routes) {
    if (operation.security.length === 0) continue;
    expectProblem(await inject({ method, url }, weakKey), 'insufficient_scope');
  }
});

it('refuses parameters it does not know (API-07, API-08)', async () => {
  for (const { method, url, operation } of routes) {
    if (operation.requestBody) continue;
    expectProblem(await inject({ method, url: `${url}?nobody_knows=1` }), 'invalid_request');
  }
});

it('refuses bodies it does not understand (API-05 … API-09)', async () => {
  const bodies = [
    ['{"nobody_knows":1}', 'application/json', 'invalid_request'],
    ['{"a":1,"a":2}', 'application/json', 'malformed_body'],
    ['{"__proto__":{}}', 'application/json', 'malformed_body'],
    ['{', 'application/json', 'malformed_body'],
    ['[]', 'application/json', 'invalid_request'],
    ['a=1', 'application/x-www-form-urlencoded', 'unsupported_media_type'],
    ['{}', 'application/json garbage', 'unsupported_media_type'],
    ['x'.repeat(5_000_000), 'application/json', 'body_too_large'],
  ] as const;
  for (const { method, url, operation } of routes) {
    if (method !== 'POST' && method !== 'PATCH') continue;
    // What is uploaded is no JSON.
    if (operation.requestBody && !operation.requestBody.content['application/json']) continue;
    for (const [payload, type, code] of bodies) {
      expectProblem(await inject({ method, url, payload, headers: { 'content-type': type } }), code);
    }
  }
});

/** `/v1/contacts/import` read as `/v1/contacts/{id}`: no contact has that id. */
function isAnId(method: string, url: string): boolean {
  const isLike = ({ path }: Route) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(url);
  return routes.some((route) => route.method === method && route.path !== url && isLike(route));
}

it('answers other methods with those it has (API-04)', async () => {
  const methods = new Map<string, Set<string>>();
  for (const { method, url } of routes) methods.set(url, new Set([...(methods.get(url) ?? []), method]));
  for (const [url, known] of methods) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'OPTIONS'] as const) {
      if (known.has(method) || isAnId(method, url)) continue;
      const answer = await inject({ method: method as 'GET', url });
      expectProblem(answer, 'method_not_allowed');
      expect(String(answer.headers.allow).split(', ')).toEqual(expect.arrayContaining([...known]));
    }
  }
});
