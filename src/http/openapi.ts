import { isDeepStrictEqual } from 'node:util';
import Fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifySchema, type RouteOptions } from 'fastify';
import { ProblemSchema } from './schemas.ts';

const DESCRIPTION = `One-time codes and two-factor verification.

Errors are \`application/problem+json\` (RFC 9457). Every answer has an \`X-Request-Id\`.
Requests are counted per key and per address: see the \`RateLimit-Policy\` and \`RateLimit\` headers of each answer.
Unknown fields are refused. Times are RFC 3339 in UTC, numbers E.164.`;

const TAGS = [
  { name: 'Verifications', description: 'Send a code, check it, get a signed proof.' },
  { name: 'Recipients', description: 'Numbers that were bound anew.' },
  { name: 'Tokens', description: 'Proofs and client tokens.' },
  { name: 'Messages', description: 'Send a text, follow it from carrier to phone.' },
  { name: 'Recordings', description: 'What calls play.' },
  { name: 'Events', description: 'What happened: the audit log.' },
  { name: 'Webhooks', description: 'Being told of events, signed as Standard Webhooks says.' },
  { name: 'Reports', description: 'Figures of verifications, and who guesses.' },
  { name: 'Audit', description: 'Proof that the log of events is what it was.' },
  { name: 'Projects', description: 'Projects, their policies and keys. Needs the admin scope.' },
  { name: 'Routing', description: 'Which carrier takes a message, and why. Needs the admin scope.' },
  { name: 'Sandbox', description: 'What phones would have received. Development and test keys only.' },
  { name: 'Service', description: 'Health, metrics and this description.' },
];

/** As much of OpenAPI as is completed below. */
interface Document {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: object };
}

interface Operation {
  responses: object;
  parameters?: object[];
  'x-idempotent'?: boolean;
}

declare module 'fastify' {
  interface FastifyInstance {
    describeApi(): Promise<object>;
  }
}

/** Collects the routes that follow, in this context. */
export function collectOpenApi(fastify: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  fastify.addHook('onRoute', (route) => {
    // HEAD goes with GET and is not described again.
    if (route.method !== 'HEAD') routes.push(route);
  });
  let description: Promise<object> | null = null;
  fastify.decorate('describeApi', () => {
    description ??= describe(routes, fastify.prefix);
    return description;
  });
}

/** In an app of its own, and only when it is asked for: most processes never are. */
async function describe(routes: readonly RouteOptions[], prefix: string): Promise<object> {
  const { default: swagger } = await import('@fastify/swagger');
  const app = Fastify({ exposeHeadRoutes: false });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Countersign',
        version: '1',
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: prefix || '/' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: `cs_live_…` or `cs_test_…`.' },
        },
      },
    },
    stripBasePath: true,
    refResolver: { buildLocalReference: ({ $id }, _uri, _fragment, i) => String($id ?? `def-${i}`) },
    transform: ({ schema, url, route }) => ({ schema: describeRoute(schema, route), url }),
    transformObject: (document) => ('openapiObject' in document ? complete(document.openapiObject as Document) : {}),
  });
  for (const { method, url, schema = {}, config = {} } of routes) {
    app.route({ method, url, schema, config, handler: async () => null });
  }
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}

/** What a route's config says, as OpenAPI. */
function describeRoute(schema: FastifySchema | undefined, route: RouteOptions): FastifySchema {
  const { scope, orScope, public: open, idempotent } = route.config ?? {};
  const description = [schema?.description, scope && `Scope: \`${scope}\`${orScope ? ` or \`${orScope}\`` : ''}.`]
    .filter(Boolean)
    .join('\n\n');
  return {
    ...schema,
    ...(description && { description }),
    ...(idempotent && { 'x-idempotent': true }),
    security: open ? [] : [{ apiKey: [] }],
  } as FastifySchema;
}

/** What is the same for all operations. */
function complete(document: Document): Document {
  const named: Record<string, object> = { Problem: ProblemSchema };
  nameSchemas(document.paths, named);
  const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path)) {
      operation.responses = {
        ...operation.responses,
        '4XX': { $ref: '#/components/responses/ClientError' },
        '5XX': { $ref: '#/components/responses/ServerError' },
      };
      if (operation['x-idempotent']) {
        operation.parameters = [...(operation.parameters ?? []), { $ref: '#/components/parameters/IdempotencyKey' }];
      }
      delete operation['x-idempotent'];
    }
  }
  const components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...named },
    parameters: {
      IdempotencyKey: {
        name: 'Idempotency-Key',
        in: 'header',
        description:
          'Makes a retry safe: for 24 hours the same key and body get the answer of the first request ' +
          '(`Idempotency-Replayed: true`), another body gets 422, and 409 means that the first one is still running. ' +
          'Ignored when a client token calls.',
        schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[ -~]+$' },
      },
    },
    responses: {
      ClientError: { description: 'The request cannot be served as it is; `code` says why.', content: problem },
      ServerError: { description: 'Try again after `Retry-After`.', content: problem },
    },
  };
  return { ...document, components };
}

/** Moves every schema that has a title to `components`, so that generated clients get one type for it, with that name. */
function nameSchemas(node: unknown, named: Record<string, object>): void {
  if (typeof node !== 'object' || node === null) return;
  const members = node as Record<string, unknown>;
  for (const [key, child] of Object.entries(members)) {
    nameSchemas(child, named);
    const title = (child as { title?: unknown } | null)?.title;
    if (typeof title !== 'string') continue;
    const known = named[title];
    if (known && !isDeepStrictEqual(known, child)) throw new Error(`two schemas are called ${title}`);
    named[title] = child as object;
    members[key] = { $ref: `#/components/schemas/${title}` };
  }
}

export function openApiRoutes(): FastifyPluginAsync {
  return async (fastify) => {
    fastify.get(
      '/openapi.json',
      {
        config: { public: true },
        schema: {
          operationId: 'openapi',
          summary: 'This description',
          tags: ['Service'],
          response: { 200: { type: 'object', additionalProperties: true } },
        },
      },
      async () => fastify.describeApi(),
    );
  };
}
