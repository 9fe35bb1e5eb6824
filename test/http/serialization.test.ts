import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';
import Fastify, { type RouteOptions } from 'fastify';
import { expect, it } from 'vitest';
import { createSerializerCompiler } from '../../src/http/serialization.ts';
import countersign from '../../src/plugin.ts';
import { openTestService } from '../service.ts';

interface Answer {
  content?: Record<string, { schema: object }>;
}

const schemasOf = ({ schema }: RouteOptions): object[] =>
  Object.values((schema?.response ?? {}) as Record<string, Answer>).flatMap((answer) =>
    answer.content ? Object.values(answer.content).map((media) => media.schema) : [answer],
  );

it('every answer of every route has a schema that can be built', async () => {
  const service = await openTestService('embedded');
  const routes: RouteOptions[] = [];
  const host = Fastify();
  host.addHook('onRoute', (route) => void routes.push(route));
  await host.register(countersign, { services: service.services, prefix: '/otp' });
  await host.ready();

  const build = SerializerSelector()({}, {});
  let built = 0;
  for (const route of routes) {
    for (const schema of schemasOf(route)) {
      const place = { method: String(route.method), url: route.url, httpStatus: 'default' };
      expect(() => build({ ...place, schema }), `${place.method} ${place.url}`).not.toThrow();
      built += 1;
    }
  }
  expect(built).toBeGreaterThan(100);
  await host.close();
  await service.close();
});

it('a schema that cannot be built fails the answer, and not the start', () => {
  const compile = createSerializerCompiler();
  const route = { method: 'GET', url: '/x', httpStatus: '200' };
  const serialize = compile({ ...route, schema: { type: 'made-up' } });
  expect(() => serialize({})).toThrow('schema is invalid');
  expect(
    compile({ ...route, schema: { type: 'object', properties: { n: { type: 'integer' } } } })({ n: 1, x: 2 }),
  ).toBe('{"n":1}');
});
