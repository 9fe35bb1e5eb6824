import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { actorOf } from '../audit/admin-event.ts';
import type { Database } from '../db/open.ts';
import { closed } from '../http/schemas.ts';
import type { Now } from '../lib/clock.ts';
import { MODES } from '../lib/mode.ts';
import type { KeySet } from './key-set.ts';
import type { Proofs } from './proof.ts';
import { redeemProof } from './redeem-proof.ts';
import { JWKS_CACHE_SECONDS } from './signing-keys.ts';

export interface TokenRoutesDeps {
  db: Database;
  now: Now;
  keys: KeySet;
  /** Public keys that verify other things than proofs. */
  otherKeys(): Promise<object[]>;
  proofs: Proofs;
}

const KeySetSchema = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          kty: Type.Literal('OKP'),
          crv: Type.Literal('Ed25519'),
          x: Type.String(),
          kid: Type.String(),
          alg: Type.Optional(Type.Literal('EdDSA', { description: 'Of proofs. Webhooks are no JWS.' })),
          use: Type.Literal('sig'),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'KeySet' },
);

const Claims = Type.Object(
  {
    active: Type.Boolean({ description: 'True once for each proof. All other members are there only then.' }),
    iss: Type.Optional(Type.String()),
    aud: Type.Optional(Type.String({ description: 'The project; in test mode followed by `:test`.' })),
    sub: Type.Optional(Type.String({ description: 'The subject given at the start, else the hash of the number.' })),
    jti: Type.Optional(Type.String({ description: 'The verification.' })),
    iat: Type.Optional(Type.Integer()),
    exp: Type.Optional(Type.Integer()),
    mode: Type.Optional(Type.Enum([...MODES])),
    purpose: Type.Optional(Type.String()),
    channel: Type.Optional(Type.String()),
    to_hash: Type.Optional(Type.String()),
    context_digest: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    amr: Type.Optional(Type.Array(Type.String(), { description: 'RFC 8176. Codes are not phishing-resistant.' })),
  },
  { ...closed, title: 'Introspection' },
);

export function tokenRoutes({ db, now, keys, otherKeys, proofs }: TokenRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/.well-known/jwks.json',
      {
        config: { public: true },
        schema: {
          operationId: 'getKeySet',
          tags: ['Tokens'],
          summary: 'Keys that proofs, and webhooks signed with Ed25519, are verified with',
          response: { 200: KeySetSchema },
        },
      },
      async (_request, reply) => {
        reply.header('cache-control', `public, max-age=${JWKS_CACHE_SECONDS}`);
        const published = await keys.published(now());
        return { keys: [...published.keys, ...(await otherKeys())] as never[] };
      },
    );

    app.post(
      '/v1/tokens/introspect',
      {
        config: { scope: 'tokens:redeem', idempotent: true },
        schema: {
          operationId: 'introspectToken',
          tags: ['Tokens'],
          summary: 'Redeem a proof',
          description:
            'The first call with a valid proof of the key’s own project and mode answers `active: true` and its claims. ' +
            'Every other call, with whatever token, answers `active: false` (RFC 7662 §2.2).',
          body: Type.Object({ token: Type.String() }, closed),
          response: { 200: Claims },
        },
      },
      async (request) => {
        const redeemer = { ...actorOf(request), project: request.auth.projectId, seed: request.idempotency?.seed };
        const claims = await redeemProof({ db, proofs }, redeemer, request.body.token, now());
        return claims ? { active: true, ...claims } : { active: false };
      },
    );
  };
}
