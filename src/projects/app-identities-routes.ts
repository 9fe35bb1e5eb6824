import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { actorOf } from '../audit/admin-event.ts';
import type { Database } from '../db/open.ts';
import { requireScope } from '../http/auth.ts';
import { closed, NullableTimestampSchema, TimestampSchema } from '../http/schemas.ts';
import { type Now, toTimestamp } from '../lib/clock.ts';
import { Problem } from '../lib/errors.ts';
import { HOST_NAME } from '../lib/host-name.ts';
import type { AppIdentities } from './app-identities.ts';
import {
  dnsNameOf,
  fileUrlOf,
  findProofs,
  type OriginProofs,
  type ProofDeps,
  proofTextOf,
} from './app-identities-proof.ts';
import {
  type AndroidApp,
  addAndroidApp,
  addOrigin,
  deleteAndroidApp,
  deleteOrigin,
  findOrigin,
  listAndroidApps,
  listOrigins,
  MAX_IDENTITIES,
  markVerified,
  type Origin,
} from './app-identities-table.ts';
import { requireAdministrator } from './require-administrator.ts';

export interface AppIdentityRoutesDeps {
  db: Database;
  now: Now;
  identities: Pick<AppIdentities, 'forget'>;
  proofs: ProofDeps;
  production: boolean;
}

const tags = ['Pages and apps'];
const config = { scope: 'settings:write' } as const;

const HostSchema = Type.String({
  pattern: HOST_NAME.source,
  description: 'A host without scheme and port, in lower case.',
  examples: ['login.example.com'],
});
const HashSchema = Type.String({
  pattern: '^[A-Za-z0-9+/]{11}$',
  description: 'The eleven characters that the SMS Retriever knows an app by; in a path with `/` as `%2F`.',
  examples: ['FA+9qCX9VSu'],
});

const OriginSchema = Type.Object(
  {
    host: Type.String(),
    verified_by: Type.Union([Type.Enum(['dns', 'https', 'vouched']), Type.Null()]),
    verified_at: NullableTimestampSchema,
    created_at: TimestampSchema,
    proof: Type.Object(
      { dns_name: Type.String(), url: Type.String(), text: Type.String() },
      { ...closed, description: 'The text, as a TXT record of the name or as a line of the file at the URL.' },
    ),
  },
  { ...closed, title: 'Origin' },
);

const ProofResultSchema = Type.Enum(['found', 'not_found', 'unreachable']);
const VerifiedSchema = Type.Object(
  {
    ...OriginSchema.properties,
    checks: Type.Union([Type.Object({ dns: ProofResultSchema, https: ProofResultSchema }, closed), Type.Null()]),
  },
  { ...closed, title: 'OriginVerification' },
);

const AndroidAppSchema = Type.Object(
  { hash: Type.String(), created_at: TimestampSchema },
  { ...closed, title: 'AndroidApp' },
);

const originParams = Type.Object({ host: HostSchema }, closed);
const appParams = Type.Object({ hash: HashSchema }, closed);

export function appIdentityRoutes(deps: AppIdentityRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, now, identities, proofs } = deps;

  return async (app) => {
    app.addHook('onRequest', requireAdministrator(deps.production));

    app.post(
      '/v1/origins',
      {
        config,
        schema: {
          operationId: 'addOrigin',
          tags,
          summary: 'Name a page’s host as the project’s own',
          description:
            'Codes are bound to it (WebOTP) once it is verified: publish the text and call verify. ' +
            'Naming it again answers the same.',
          body: Type.Object({ origin: HostSchema }, closed),
          response: { 201: OriginSchema },
        },
      },
      async (request, reply) => {
        const { projectId } = request.auth;
        const origin = await addOrigin(db, projectId, request.body.origin, actorOf(request), now());
        if (!origin) throw tooMany('origins');
        reply.code(201).header('location', `${app.prefix}/v1/origins/${origin.host}`);
        return viewOrigin(origin);
      },
    );

    app.get(
      '/v1/origins',
      {
        config,
        schema: {
          operationId: 'listOrigins',
          tags,
          summary: 'The project’s origins',
          response: { 200: Type.Object({ data: Type.Array(OriginSchema) }, closed) },
        },
      },
      async ({ auth }) => ({ data: (await listOrigins(db.kysely, auth.projectId)).map(viewOrigin) }),
    );

    app.post(
      '/v1/origins/:host/verify',
      {
        config,
        schema: {
          operationId: 'verifyOrigin',
          tags,
          summary: 'Look for the proof',
          description:
            'In the DNS and over HTTPS; one of them suffices. Redirects are not followed and private addresses not asked. ' +
            'A key with the admin scope may vouch for the origin instead.',
          params: originParams,
          body: Type.Object({ vouch: Type.Optional(Type.Literal(true)) }, closed),
          response: { 200: VerifiedSchema },
        },
      },
      async (request, reply) => {
        const { auth, params, body } = request;
        if (body.vouch) requireScope(request, reply, 'admin');
        const origin = await findOrigin(db.kysely, auth.projectId, params.host);
        if (!origin) throw new Problem('not_found');
        const checks = body.vouch ? null : await findProofs(proofs, origin.host, origin.token);
        const by = checks ? provenBy(checks) : 'vouched';
        if (by === null) return { ...viewOrigin(origin), checks };
        const verified = await markVerified(db, auth.projectId, origin.host, by, actorOf(request), now());
        if (!verified) throw new Problem('not_found');
        identities.forget(auth.projectId);
        return { ...viewOrigin(verified), checks };
      },
    );

    app.delete(
      '/v1/origins/:host',
      {
        config,
        schema: {
          operationId: 'deleteOrigin',
          tags,
          summary: 'Bind no more codes to an origin',
          description: 'In force on every instance within five seconds.',
          params: originParams,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { projectId } = request.auth;
        if (!(await deleteOrigin(db, projectId, request.params.host, actorOf(request), now()))) {
          throw new Problem('not_found');
        }
        identities.forget(projectId);
        return reply.code(204).send(null);
      },
    );

    app.put(
      '/v1/android-apps/:hash',
      {
        config,
        schema: {
          operationId: 'putAndroidApp',
          tags,
          summary: 'Register an Android app that reads codes by itself',
          params: appParams,
          response: { 200: AndroidAppSchema },
        },
      },
      async (request) => {
        const { projectId } = request.auth;
        const added = await addAndroidApp(db, projectId, request.params.hash, actorOf(request), now());
        if (!added) throw tooMany('Android apps');
        identities.forget(projectId);
        return viewApp(added);
      },
    );

    app.get(
      '/v1/android-apps',
      {
        config,
        schema: {
          operationId: 'listAndroidApps',
          tags,
          summary: 'The project’s Android apps',
          response: { 200: Type.Object({ data: Type.Array(AndroidAppSchema) }, closed) },
        },
      },
      async ({ auth }) => ({ data: (await listAndroidApps(db.kysely, auth.projectId)).map(viewApp) }),
    );

    app.delete(
      '/v1/android-apps/:hash',
      {
        config,
        schema: {
          operationId: 'deleteAndroidApp',
          tags,
          summary: 'Take an Android app off the register',
          description: 'In force on every instance within five seconds.',
          params: appParams,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { projectId } = request.auth;
        if (!(await deleteAndroidApp(db, projectId, request.params.hash, actorOf(request), now()))) {
          throw new Problem('not_found');
        }
        identities.forget(projectId);
        return reply.code(204).send(null);
      },
    );
  };
}

function provenBy({ dns, https }: OriginProofs): 'dns' | 'https' | null {
  if (dns === 'found') return 'dns';
  return https === 'found' ? 'https' : null;
}

function tooMany(what: string): Problem {
  return new Problem('invalid_request', { detail: `A project has at most ${MAX_IDENTITIES} ${what}.` });
}

function viewOrigin(origin: Origin): Static<typeof OriginSchema> {
  const { host, token, verifiedBy, verifiedAt, createdAt } = origin;
  return {
    host,
    verified_by: verifiedBy,
    verified_at: verifiedAt === null ? null : toTimestamp(verifiedAt),
    created_at: toTimestamp(createdAt),
    proof: { dns_name: dnsNameOf(host), url: fileUrlOf(host), text: proofTextOf(token) },
  };
}

function viewApp({ hash, createdAt }: AndroidApp): Static<typeof AndroidAppSchema> {
  return { hash, created_at: toTimestamp(createdAt) };
}
