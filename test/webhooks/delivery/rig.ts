import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { AuditEvent, EventType } from '../../../src/audit/event.ts';
import { insertEvents } from '../../../src/audit/insert-events.ts';
import { createSealer } from '../../../src/audit/log/sealer.ts';
import type { Database } from '../../../src/db/open.ts';
import { writeTransaction } from '../../../src/db/transaction.ts';
import { createMetrics } from '../../../src/http/metrics.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createKeyring } from '../../../src/lib/keyring.ts';
import { createTargetGuard, type TargetGuard } from '../../../src/lib/target-guard.ts';
import type { Cursor } from '../../../src/webhooks/delivery/claim-endpoints.ts';
import {
  type Replayed,
  type Requested,
  replayDeliveries,
  retryDelivery,
} from '../../../src/webhooks/delivery/deliveries.ts';
import type { Delivery } from '../../../src/webhooks/delivery/delivery.ts';
import { readHistory } from '../../../src/webhooks/delivery/delivery.ts';
import { changeEndpoint, type EndpointPatch, switchEndpoint } from '../../../src/webhooks/endpoints/change-endpoint.ts';
import { createEndpoint, type NewEndpoint } from '../../../src/webhooks/endpoints/create-endpoint.ts';
import type { EndpointOwner } from '../../../src/webhooks/endpoints/endpoint.ts';
import { endpointEvent } from '../../../src/webhooks/endpoints/endpoint-event.ts';
import { rotateSecret } from '../../../src/webhooks/endpoints/rotate-secret.ts';
import { openWebhooks, type Webhooks } from '../../../src/webhooks/open-webhooks.ts';
import { NEWEST_API_VERSION } from '../../../src/webhooks/render.ts';
import type { Received } from './receiver.ts';

export const START = Date.parse('2027-01-15T08:00:00.000Z');
export const OWNER: EndpointOwner = { project: 'prj_1', mode: 'test' };
const ADMIN = { id: 'key_1', mode: 'test' } as const;

export interface Rig {
  db: Database;
  clock: { now: number };
  webhooks: Webhooks;
  errors: unknown[];
  metrics: ReturnType<typeof createMetrics>;
  keyring: ReturnType<typeof createKeyring>;
  /** Another process, as far as the database can tell. */
  another(): Webhooks;
  endpoint(
    url: string,
    settings?: Partial<NewEndpoint>,
    owner?: EndpointOwner,
  ): Promise<{ id: string; secret: string }>;
  enable(id: string): Promise<void>;
  disable(id: string): Promise<void>;
  change(id: string, patch: EndpointPatch): Promise<void>;
  retry(endpoint: string, delivery: string): Promise<Requested>;
  replay(endpoint: string, since: number): Promise<Replayed>;
  rotate(id: string, overlapSeconds: number): Promise<{ secret: string }>;
  /** The signature that a delivery should have by this secret. */
  sign(secret: string, received: Received | undefined): string;
  /** Records events, seals them, and delivers what is due. Answers with their ids. */
  raise(...events: Partial<AuditEvent>[]): Promise<string[]>;
  /** Records and seals them only. */
  seal(...events: Partial<AuditEvent>[]): Promise<string[]>;
  record(...events: Partial<AuditEvent>[]): Promise<string[]>;
  /** Delivers what is due, also what the deliveries themselves gave rise to. */
  deliver(): Promise<void>;
  /** Moves the clock to when there is something to do, and does it. False: nothing is due any more. */
  advance(): Promise<boolean>;
  /** Lets so much time pass, and does what becomes due in it. */
  pass(ms: number): Promise<void>;
  until(holds: () => boolean): Promise<void>;
  /** As the log of events says. */
  events(type: string): Promise<Record<string, unknown>[]>;
  deliveries(endpoint: string): Promise<(Delivery & { tries: ReturnType<typeof readHistory> })[]>;
  /** Undefined: it is disabled. */
  cursor(endpoint: string): Promise<Cursor | undefined>;
  status(endpoint: string): Promise<{ status: string; reason: string | null }>;
  close(): Promise<void>;
}

export interface RigOptions {
  timeoutMs?: number;
  guard?: TargetGuard;
}

export async function openRig(db: Database, options: RigOptions = {}): Promise<Rig> {
  const clock = { now: START };
  const now = () => clock.now;
  const errors: unknown[] = [];
  const keyring = createKeyring([createHash('sha256').update('a test').digest()]);
  const sealer = createSealer(db);
  const opened: Webhooks[] = [];
  const metrics = createMetrics();
  await db.kysely
    .insertInto('projects')
    .values({ id: OWNER.project, name: 'One', policy: '{}', created_at: 0, updated_at: 0 })
    .execute();

  function another(of = createMetrics()): Webhooks {
    const webhooks = openWebhooks({
      ...{ db, keyring, now, metrics: of },
      guard: options.guard ?? createTargetGuard({ allowPrivate: true }),
      log: { warn: (details) => void errors.push((details as { err: unknown }).err) },
      ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    });
    opened.push(webhooks);
    return webhooks;
  }
  const webhooks = another(metrics);

  async function nextDue(): Promise<number | null> {
    const cursors = db.kysely.selectFrom('webhook_cursors');
    const { due } = await cursors.select((eb) => eb.fn.min('due_at').as('due')).executeTakeFirstOrThrow();
    return due;
  }

  const asked = (type: EventType, id: string) =>
    endpointEvent(type, { id, project_id: OWNER.project }, ADMIN, clock.now);

  const rig: Rig = {
    ...{ db, clock, webhooks, errors, metrics, keyring, another },
    async endpoint(url, settings = {}, owner = OWNER) {
      const input: NewEndpoint = {
        ...{ url, events: ['*'], description: null, headers: {}, format: 'json', apiVersion: NEWEST_API_VERSION },
        ...{ ordering: 'none', signature: 'hmac', ...settings },
      };
      await sealer.sealAll();
      const made = await createEndpoint({ db, keyring }, owner, input, 1_000, ADMIN, clock.now);
      if (!made) throw new Error('too many endpoints');
      return { id: made.row.id, secret: made.secret };
    },
    async enable(id) {
      await sealer.sealAll();
      await switchEndpoint({ db }, OWNER, id, 'enabled', ADMIN, clock.now);
    },
    async disable(id) {
      await switchEndpoint({ db }, OWNER, id, 'disabled', ADMIN, clock.now);
    },
    async change(id, patch) {
      await changeEndpoint({ db, keyring }, OWNER, id, patch, ADMIN, clock.now);
    },
    retry: (endpoint, delivery) =>
      retryDelivery(db, endpoint, delivery, clock.now, [asked('webhook.retried', endpoint)]),
    replay: (endpoint, since) =>
      replayDeliveries(db, endpoint, since, clock.now, [asked('webhook_endpoint.replayed', endpoint)]),
    async rotate(id, overlapSeconds) {
      const made = await rotateSecret({ db, keyring }, OWNER, id, { overlapSeconds }, ADMIN, clock.now);
      if (typeof made === 'string') throw new Error(made);
      return made;
    },
    sign: (secret, received) =>
      received
        ? new Webhook(secret).sign(received.id, new Date(received.timestamp * 1_000), received.body)
        : 'not received',
    async record(...events) {
      const made = events.map(
        (event): AuditEvent => ({
          ...{ id: newId('evt'), type: 'verification.approved', at: clock.now, actor: 'system', data: {} },
          ...OWNER,
          ...event,
        }),
      );
      if (made.length > 0) await writeTransaction(db, {}, (trx) => insertEvents(trx, made));
      return made.map(({ id }) => id);
    },
    async seal(...events) {
      const ids = await rig.record(...events);
      await sealer.sealAll();
      return ids;
    },
    async raise(...events) {
      const ids = await rig.seal(...events);
      await rig.deliver();
      return ids;
    },
    async deliver() {
      do await webhooks.dispatcher.runDue();
      while ((await sealer.sealAll()) > 0);
    },
    async advance() {
      const due = await nextDue();
      if (due === null) return false;
      clock.now = Math.max(clock.now, due);
      await rig.deliver();
      return true;
    },
    async pass(ms) {
      const end = clock.now + ms;
      for (let due = await nextDue(); due !== null && due <= end; due = await nextDue()) await rig.advance();
      clock.now = end;
    },
    async until(holds) {
      while (!holds()) await new Promise(setImmediate);
    },
    async events(type) {
      const rows = await db.kysely
        .selectFrom('events')
        .select('data')
        .where('type', '=', type)
        .orderBy('position')
        .execute();
      return rows.map(({ data }) => JSON.parse(data));
    },
    async deliveries(endpoint) {
      const of = db.kysely.selectFrom('webhook_deliveries').selectAll().where('endpoint_id', '=', endpoint);
      const rows = await of.orderBy('log_index').execute();
      return rows.map((row) => ({ ...row, tries: readHistory(row) }));
    },
    cursor: (endpoint) =>
      db.kysely.selectFrom('webhook_cursors').selectAll().where('endpoint_id', '=', endpoint).executeTakeFirst(),
    async status(endpoint) {
      const of = db.kysely.selectFrom('webhook_endpoints').where('id', '=', endpoint);
      return of.select(['status', 'disabled_reason as reason']).executeTakeFirstOrThrow();
    },
    async close() {
      for (const one of opened) {
        await one.dispatcher.stop();
        await one.close();
      }
    },
  };
  return rig;
}

/** Events of verifications that differ. */
export function manyEvents(count: number): Partial<AuditEvent>[] {
  return Array.from({ length: count }, (_, number) => ({ data: { number } }));
}
