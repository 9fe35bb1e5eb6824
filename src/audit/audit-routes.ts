import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../db/open.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../http/pagination.ts';
import { closed, listOf, NullableTimestampSchema, TimestampSchema } from '../http/schemas.ts';
import { toTimestamp } from '../lib/clock.ts';
import { Problem } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';
import { selectAuditKeys } from './log/audit-keys.ts';
import { findCheckpoint, listCheckpoints } from './log/checkpoints.ts';
import { proveConsistency, proveEvent } from './log/proofs.ts';

export interface AuditRoutesDeps {
  db: Database;
  keyring: Keyring;
}

const tags = ['Audit'];
const scope = 'audit:read';

const HashSchema = Type.String({ description: 'SHA-256, base64url.', pattern: '^[A-Za-z0-9_-]{43}$' });
const SizeSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Leaves of the log.' });
const NumberSchema = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const NoteSchema = Type.String({ description: 'A signed note: c2sp.org/tlog-checkpoint.' });

const CheckpointSchema = Type.Object(
  { number: NumberSchema, size: SizeSchema, created_at: TimestampSchema, note: NoteSchema },
  { ...closed, title: 'Checkpoint' },
);

const ProofSchema = Type.Object(
  {
    event_id: Type.String(),
    log_index: Type.Integer({ minimum: 0, description: 'The place of the event in the log, from 0.' }),
    leaf: Type.Object(
      {
        text: Type.Union([Type.String(), Type.Null()], {
          description:
            'What was sealed: SHA-256 of a zero octet and this is `hash`. Null when retention has deleted it.',
        }),
        hash: HashSchema,
        personal: Type.Union(
          [Type.Object({ text: Type.String(), salt: Type.String({ description: 'base64url' }) }, closed), Type.Null()],
          {
            description:
              'SHA-256 of the salt and this text is `personal` in the text of the leaf. Null when nothing of the event ' +
              'is about a person, and after its erasure.',
          },
        ),
      },
      closed,
    ),
    hashes: Type.Array(HashSchema, { description: 'The inclusion proof of RFC 9162, section 2.1.3.' }),
    checkpoint: NoteSchema,
  },
  { ...closed, title: 'EventProof' },
);

const ConsistencySchema = Type.Object(
  {
    from: SizeSchema,
    to: SizeSchema,
    hashes: Type.Array(HashSchema, { description: 'The consistency proof of RFC 9162, section 2.1.4.' }),
  },
  { ...closed, title: 'ConsistencyProof' },
);

const AuditKeySchema = Type.Object(
  {
    id: Type.String({ description: 'As signature lines begin with it, hex.' }),
    verifier: Type.String({ description: 'The verifier key: `<name>+<id>+<public key>`.' }),
    created_at: TimestampSchema,
    retired_at: NullableTimestampSchema,
  },
  { ...closed, title: 'AuditKey' },
);

/** What the log proves, for auditors who keep checkpoints elsewhere. */
export function auditRoutes({ db, keyring }: AuditRoutesDeps): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'checkpoints');

  return async (app) => {
    app.get(
      '/v1/audit/checkpoint',
      {
        config: { scope },
        schema: {
          operationId: 'getCheckpoint',
          tags,
          summary: 'The newest checkpoint of the audit log, or one of them',
          description:
            'A signed note (c2sp.org/tlog-checkpoint) over the whole installation’s log, with the extension lines ' +
            '`number`, `time` and `previous`: SHA-256 of the text of the checkpoint before, base64.',
          querystring: Type.Object({ number: Type.Optional(NumberSchema) }, closed),
          produces: ['text/plain'],
          response: { 200: NoteSchema },
        },
      },
      async ({ query }, reply) => {
        const checkpoint = await findCheckpoint(db.kysely, query.number);
        if (!checkpoint) throw new Problem('not_found');
        return reply.type('text/plain; charset=utf-8').send(checkpoint.note);
      },
    );

    app.get(
      '/v1/audit/checkpoints',
      {
        config: { scope },
        schema: {
          operationId: 'listCheckpoints',
          tags,
          summary: 'All checkpoints, newest first',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(CheckpointSchema) },
        },
      },
      async ({ query }) => {
        const limit = query.limit ?? DEFAULT_LIMIT;
        const [before] = cursors.decode(query.cursor) ?? [];
        const rows = await listCheckpoints(db.kysely, before === undefined ? null : Number(before), limit + 1);
        return toPage(
          rows,
          limit,
          cursors,
          ({ number }) => [number],
          ({ created_at, ...checkpoint }) => ({ ...checkpoint, created_at: toTimestamp(created_at) }),
        );
      },
    );

    app.get(
      '/v1/audit/proof/:event_id',
      {
        config: { scope },
        schema: {
          operationId: 'proveEvent',
          tags,
          summary: 'That an event is in the log',
          description: 'Of the key’s own project and mode. 409 `not_sealed_yet` until a checkpoint covers the event.',
          params: Type.Object({ event_id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) }, closed),
          response: { 200: ProofSchema },
        },
      },
      async ({ auth, params }) => {
        const place = { id: params.event_id, project: auth.projectId, mode: auth.mode };
        const proof = await proveEvent(db, place);
        if (proof === 'not_found') throw new Problem('not_found');
        if (proof === 'not_sealed_yet') throw new Problem('not_sealed_yet', { retryAfterSeconds: 5 });
        const { logIndex, ...rest } = proof;
        return { event_id: params.event_id, log_index: logIndex, ...rest };
      },
    );

    app.get(
      '/v1/audit/consistency',
      {
        config: { scope },
        schema: {
          operationId: 'proveConsistency',
          tags,
          summary: 'That the log of one size begins with the log of another',
          description: 'Sizes are those of checkpoints. Without `to`: the newest checkpoint’s.',
          querystring: Type.Object({ from: SizeSchema, to: Type.Optional(SizeSchema) }, closed),
          response: { 200: ConsistencySchema },
        },
      },
      async ({ query: { from, to } }) => {
        const proof = await proveConsistency(db, from, to);
        if (proof) return proof;
        const pointer = to !== undefined && from <= to ? 'to' : 'from';
        const message = pointer === 'to' ? 'is more than the newest checkpoint has' : 'must not be more than `to`';
        throw new Problem('invalid_request', { errors: [{ pointer, message }] });
      },
    );

    app.get(
      '/v1/audit/keys',
      {
        config: { scope },
        schema: {
          operationId: 'listAuditKeys',
          tags,
          summary: 'Keys that checkpoints are or were signed with, newest first',
          description: 'Auditors keep a copy elsewhere: a log could be shown with keys of its own.',
          response: { 200: Type.Object({ data: Type.Array(AuditKeySchema) }, closed) },
        },
      },
      async () => {
        const keys = await selectAuditKeys(db.kysely);
        return {
          data: keys.map(({ id, verifier, created_at, retired_at }) => ({
            id,
            verifier,
            created_at: toTimestamp(created_at),
            retired_at: retired_at === null ? null : toTimestamp(retired_at),
          })),
        };
      },
    );
  };
}
