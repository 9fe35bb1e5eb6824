import { createHmac, type KeyObject, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Now } from '../lib/clock.ts';
import { Problem } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';
import type { Mode } from '../lib/mode.ts';
import { open, seal } from '../lib/seal.ts';
import type { IdempotencyStore } from './idempotency-store.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Honours Idempotency-Key (draft-ietf-httpapi-idempotency-key-header). */
    idempotent?: boolean;
  }
  interface FastifyRequest {
    /** Set when the request carries an Idempotency-Key. Ids made while serving it must derive from `seed`. */
    idempotency: { seed: string } | null;
  }
}

interface Run {
  key: string;
  leasedUntil: number;
}

export interface Answer {
  /** Whose: an erasure reaches no further. */
  project: string;
  mode: Mode;
  /** ms. */
  at: number;
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Headers that belong to an answer rather than to its delivery. */
const HEADERS = ['content-type', 'location'];

const KEY = /^[\x20-\x7e]{1,255}$/;
const SEED_BYTES = 16;
/** Answers that say nothing about the request itself: the next try may get another one. */
const NOT_FINAL = new Set([401, 408, 409, 429]);

export interface IdempotencyOptions {
  store: IdempotencyStore;
  /** Stored answers may hold a proof or a new key: they are sealed. */
  keyring: Keyring;
  /** A body may hold a number or a code, which are few enough to be tried out: fingerprints are keyed. */
  hashKey: KeyObject;
  now: Now;
}

/** An onRoute hook: gives routes with `config.idempotent` what they need. */
export function withIdempotency({ store, keyring, hashKey, now }: IdempotencyOptions): (route: RouteOptions) => void {
  const runs = new WeakMap<FastifyRequest, Run>();

  async function begin(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const header = request.headers['idempotency-key'];
    request.idempotency = null;
    // A client token must not meet the keys of the back end, nor fill the store: it is in a stranger's hands.
    if (header === undefined || request.auth.client) return undefined;
    if (typeof header !== 'string' || !KEY.test(header)) {
      throw new Problem('invalid_idempotency_key', { detail: 'It must be 1 to 255 printable ASCII characters.' });
    }
    const { projectId, mode } = request.auth;
    const { method, url, body, routeOptions } = request;
    // Keys of two projects, modes or routes never meet.
    const key = hash(hashKey, ['idempotency', projectId, mode, method, routeOptions.url, header]);
    const fingerprint = hash(hashKey, [key, url, canonicalJson(body)]);
    const at = now();
    const begun = await store.begin(key, fingerprint, randomBytes(SEED_BYTES).toString('hex'), at);
    switch (begun.kind) {
      case 'run':
        request.idempotency = { seed: begun.seed };
        runs.set(request, { key, leasedUntil: begun.leasedUntil });
        return undefined;
      case 'mismatch':
        throw new Problem('idempotency_mismatch');
      case 'running':
        throw new Problem('idempotency_conflict', { retryAfterSeconds: (begun.leasedUntil - at) / 1000 });
      case 'done':
        return replay(begun.answer, key, reply);
    }
  }

  function replay(stored: string, key: string, reply: FastifyReply): FastifyReply {
    const text = open(keyring, key, stored);
    if (text === null)
      throw new Problem('idempotency_conflict', { detail: 'The stored answer can no longer be opened.' });
    const { status, headers, body } = JSON.parse(text) as Answer;
    return reply
      .code(status)
      .headers(headers)
      .header('idempotency-replayed', 'true')
      .send(body || undefined);
  }

  async function finish(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    const run = runs.get(request);
    if (!run) return payload;
    try {
      if (reply.statusCode >= 500 || NOT_FINAL.has(reply.statusCode)) {
        await store.release(run.key, run.leasedUntil);
        return payload;
      }
      const headers = Object.fromEntries(
        HEADERS.filter((name) => reply.hasHeader(name)).map((name) => [name, String(reply.getHeader(name))]),
      );
      const { projectId: project, mode } = request.auth;
      const answer: Answer = {
        project,
        mode,
        at: now(),
        status: reply.statusCode,
        headers,
        body: String(payload ?? ''),
      };
      const sealed = seal(keyring, run.key, JSON.stringify(answer));
      const kept = await store.finish(run.key, sealed, now());
      if (kept === sealed) return payload;
      // This run took longer than its lease and another one answered first: all callers hear that answer.
      const first = JSON.parse(open(keyring, run.key, kept) ?? JSON.stringify(answer)) as Answer;
      reply.code(first.status).headers(first.headers);
      return first.body;
    } catch (error) {
      // What was asked for is done. A retry after the lease runs again with the same seed and finds it done.
      request.log.warn({ err: error }, 'idempotent answer not stored');
      return payload;
    }
  }

  return (route) => {
    if (!route.config?.idempotent) return;
    route.preHandler = [route.preHandler ?? [], begin].flat();
    route.onSend = [route.onSend ?? [], finish].flat();
  };
}

/** As JSON, so that no two lists of parts read the same. */
function hash(key: KeyObject, parts: unknown[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
}
