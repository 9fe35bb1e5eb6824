import type { KeyObject } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createCursors, DEFAULT_LIMIT, type Position, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { type FieldError, Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import * as views from './consent-views.ts';
import { listConsents, listEntries } from './read-consents.ts';
import { type ConsentSaid, createConsentRecorder, type Scribe } from './record-consents.ts';
import { createOptInRequester, type OptInDeps } from './request-opt-in.ts';
import { readAddressee } from './subject.ts';

export interface ConsentRoutesDeps extends OptInDeps {
  /** Where our pages are seen from; null: nobody knows. */
  pagesAt(request: FastifyRequest): string | null;
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
const DAY_SECONDS = 86_400;

export function consentRoutes(deps: ConsentRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, hashKey, keyring, now } = deps;
  const record = createConsentRecorder(db);
  const requestOptIn = createOptInRequester(deps);
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
            'who sent STOP is reached again after START, or `DELETE /v1/suppressions/{id}`. 200: it is granted already, and ' +
            'nobody is asked.',
          body: views.ConsentBody,
          response: { 200: views.EntrySchema, 201: views.EntrySchema },
        },
      },
      async (request, reply) => {
        const said = toSaid(request.body);
        if ('pointer' in said) throw new Problem('invalid_request', { errors: [said] });
        if (request.body.double_opt_in !== undefined) return ask(request, reply, request.body, said);
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

  async function ask(request: FastifyRequest, reply: FastifyReply, body: views.AskingBodyType, said: ConsentSaid) {
    const { double_opt_in: by = 'link', sender, locale } = body;
    const obstacle = findAskingObstacle(body);
    if (obstacle) throw new Problem('invalid_request', { errors: [obstacle] });
    const pages = deps.pagesAt(request);
    if (pages === null)
      throw new Problem('invalid_request', { detail: 'Links need `public_url` in the configuration.' });
    const asking = { said, by, sender, locale, pages };
    const result = await requestOptIn(scribeOf(request), asking, now(), request.idempotency?.seed);
    switch (result.kind) {
      case 'asked':
        return reply.code(201).send(views.viewEntry(result.entry));
      case 'granted':
        return reply.code(200).send(views.viewEntry(result.entry));
      case 'opted_out':
        throw new Problem('recipient_opted_out', { detail: 'Whoever has opted out is not asked to opt in.' });
      case 'too_often':
        throw new Problem('send_limit_reached', {
          detail: 'The address was asked often enough.',
          retryAfterSeconds: DAY_SECONDS,
        });
      case 'unsent':
        if (result.result.kind === 'no_provider') throw new Problem('no_provider');
        throw new Problem('invalid_request', { detail: 'The question cannot be sent.' });
    }
  }

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

function findAskingObstacle({
  channel = 'sms',
  double_opt_in: by,
  state,
  at,
}: views.AskingBodyType): FieldError | null {
  if (state === 'revoked') return { pointer: '/state', message: 'needs no confirmation' };
  if (at !== undefined) return { pointer: '/at', message: 'is when the address confirms' };
  if (channel === 'voice') return { pointer: '/double_opt_in', message: 'is not for calls' };
  if (by === 'keyword' && channel === 'email') return { pointer: '/double_opt_in', message: 'must be link for e-mail' };
  return null;
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
