import type { KeyObject } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Database } from '../../db/open.ts';
import { createCursors, DEFAULT_LIMIT, type Position, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { type FieldError, Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import * as views from './consent-views.ts';
import { listConsents, listEntries } from './read-consents.ts';
import { type ConsentSaid, createConsentRecorder, type Scribe } from './record-consents.ts';
import { readAddressee } from './subject.ts';

export interface ConsentRoutesDeps {
  db: Database;
  hashKey: KeyObject;
  keyring: Keyring;
  now: Now;
}

const tags = ['Consent'];
const READ = { scope: 'contacts:read' } as const;
const WRITE = { scope: 'contacts:write', idempotent: true } as const;
/** Clocks differ; what is to come has not been said. */
const AHEAD_MS = 60_000;
const BULK_BYTES = 4_194_304;

export function consentRoutes(deps: ConsentRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, hashKey, keyring, now } = deps;
  const record = createConsentRecorder(db);
  const consentCursors = createCursors(keyring, 'consents');
  const entryCursors = createCursors(keyring, 'consent-entries');

  return async (app) => {
    app.post(
      '/v1/consents',
      {
        config: WRITE,
        schema: {
          operationId: 'recordConsent',
          tags,
          summary: 'Record what a person said',
          description:
            'Added to the ledger, which is never changed. The newest word by `at` holds. It lifts no suppression: ' +
            'who sent STOP is reached again after START, a confirmation of their own, or `DELETE /v1/suppressions/{id}`.',
          body: views.ConsentBody,
          response: { 201: views.EntrySchema },
        },
      },
      async (request, reply) => {
        const said = toSaid(request.body);
        if ('pointer' in said) throw new Problem('invalid_request', { errors: [said] });
        const [entry] = await record(scribeOf(request), [said], now(), request.idempotency?.seed);
        if (!entry) throw new Error('nothing was recorded');
        return reply.code(201).send(views.viewEntry(entry));
      },
    );

    app.post(
      '/v1/consents/bulk',
      {
        config: WRITE,
        bodyLimit: BULK_BYTES,
        schema: {
          operationId: 'recordConsents',
          tags,
          summary: `Record up to ${views.MAX_AT_ONCE} at once`,
          body: views.ConsentBulkBody,
          response: { 200: views.BulkAnswerSchema },
        },
      },
      async (request) => {
        const read = request.body.data.map(toSaid);
        const said = read.filter((one) => !('pointer' in one)) as ConsentSaid[];
        if (said.length > 0) await record(scribeOf(request), said, now(), request.idempotency?.seed);
        return { recorded: said.length, errors: errorsOf(read) };
      },
    );

    app.get(
      '/v1/consents',
      {
        config: READ,
        schema: {
          operationId: 'listConsents',
          tags,
          summary: 'What holds now, changed last first',
          querystring: views.ConsentListQuery,
          response: { 200: listOf(views.ConsentSchema) },
        },
      },
      async (request) => {
        const { to, channel, purpose, state, cursor, limit = DEFAULT_LIMIT } = request.query;
        const before = beforeOf(consentCursors.decode(cursor));
        const hash = to === undefined ? undefined : hashOf(to);
        const filter = { hash, channel, purpose, state, before, limit: limit + 1 };
        const rows = await listConsents(db.kysely, ownerOf(request), filter);
        return toPage(rows, limit, consentCursors, (row) => [row.updated_at, row.entry_id], views.viewConsent);
      },
    );

    app.get(
      '/v1/consents/history',
      {
        config: READ,
        schema: {
          operationId: 'listConsentEntries',
          tags,
          summary: 'Everything an address has said, newest first, with what shows it',
          querystring: views.HistoryQuery,
          response: { 200: listOf(views.EntrySchema) },
        },
      },
      async (request) => {
        const { to, cursor, limit = DEFAULT_LIMIT } = request.query;
        const filter = { hash: hashOf(to), before: beforeOf(entryCursors.decode(cursor)), limit: limit + 1 };
        const rows = await listEntries(db.kysely, ownerOf(request), filter);
        return toPage(rows, limit, entryCursors, (row) => [row.recorded_at, row.id], views.viewEntry);
      },
    );
  };

  function toSaid(body: views.ConsentBodyType): ConsentSaid | FieldError {
    const { channel = 'sms', purpose = 'marketing', state = 'granted', source, wording = null, proof = null } = body;
    const who = readAddressee(hashKey, body.to, channel);
    if (!who) return { pointer: '/to', message: 'is nobody who is reached by this channel' };
    const at = body.at === undefined ? now() : Date.parse(body.at);
    if (at > now() + AHEAD_MS) return { pointer: '/at', message: 'is in the future' };
    return { who, channel, purpose, state, source, wording, proof, at, doubleOptIn: false };
  }

  function hashOf(to: string): string {
    // A `+` that was not percent-encoded arrives as a space.
    const who = readAddressee(hashKey, to.replace(/^ /, '+'));
    if (!who) throw new Problem('invalid_request', { errors: [{ pointer: 'to', message: 'is no number or address' }] });
    return who.hash;
  }
}

function errorsOf(read: readonly (object | FieldError)[]): ({ index: number } & FieldError)[] {
  return read.flatMap((one, index) =>
    'pointer' in one && 'message' in one ? [{ index, ...(one as FieldError) }] : [],
  );
}

function beforeOf(position: Position | null): { at: number; id: string } | null {
  const [at, id] = position ?? [];
  return at === undefined ? null : { at: Number(at), id: String(id) };
}

function ownerOf({ auth }: FastifyRequest) {
  return { project: auth.projectId, mode: auth.mode };
}

function scribeOf(request: FastifyRequest): Scribe {
  return { ...ownerOf(request), actor: request.auth.keyId };
}
