import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../src/audit/event.ts';
import { insertEvents } from '../src/audit/insert-events.ts';
import { type Database, openDatabase } from '../src/db/open.ts';
import { writeTransaction } from '../src/db/transaction.ts';
import { newId } from '../src/lib/ids.ts';
import { freePorts } from '../test/rig/free-ports.ts';
import { newFolder } from '../test/rig/run-folder.ts';
import { type Arrivals, wallClockMs } from './arrivals.ts';
import { startServer, startWorker, type Worker } from './child-process.ts';
import { cpuMsOf, cpuMsOfFamily } from './cpu-meter.ts';

/** What one process seals and delivers to receivers on this machine. */
export interface DeliverySample {
  perSecond: number;
  /** CPU for each delivery, µs. */
  serverUs: number;
  postgresUs: number;
}

export interface DeliveryBench {
  /** From the commit of events to the last answer: to so many endpoints, so many deliveries altogether. */
  measure(endpoints: number, deliveries: number): Promise<DeliverySample>;
  /** Records so many events before there is an endpoint. */
  fill(events: number): Promise<void>;
  /** So many deliveries to an endpoint for which all that was recorded waits. */
  measureBacklog(deliveries: number): Promise<DeliverySample>;
  stop(): Promise<void>;
}

export interface DeliveryBenchOptions {
  runFolder: string;
  databaseUrl: string;
  /** Of PostgreSQL's server; null: SQLite. */
  postmasterPid: number | null;
  execArgv: string[];
}

const PER_TRANSACTION = 200;
const LOOK_MS = 20;
const PATIENCE_MS = 120_000;

export async function openDeliveryBench({
  runFolder,
  databaseUrl,
  postmasterPid,
  execArgv,
}: DeliveryBenchOptions): Promise<DeliveryBench> {
  const folder = newFolder(runFolder, 'countersign');
  const key = `cs_live_${randomBytes(32).toString('base64url')}`;
  const configPath = join(folder, 'countersign.json');
  writeFileSync(configPath, JSON.stringify({ webhooks: { endpoints_per_project: 50 } }));
  const [port = 0] = await freePorts(1);
  const server = await startServer({
    runFolder,
    path: 'src/main.ts',
    execArgv,
    port,
    env: {
      DATABASE_URL: databaseUrl,
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
      COUNTERSIGN_API_KEY: key,
      COUNTERSIGN_CONFIG: configPath,
      COUNTERSIGN_ALLOW_PRIVATE_WEBHOOKS: 'true',
    },
  });
  const db = await openDatabase(databaseUrl);
  const receiver = startWorker(runFolder, 'bench/webhook-receiver.ts', []);
  const url = `http://127.0.0.1:${await receiver.ask<number>({ kind: 'port' })}/`;

  const { id: project } = await db.kysely.selectFrom('projects').select('id').executeTakeFirstOrThrow();

  async function call(method: 'POST' | 'DELETE', path: string, body?: object): Promise<Record<string, string>> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    // The disk has much to do after a million rows.
    if (response.status === 503) return sleep(1_000).then(() => call(method, path, body));
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? {} : ((await response.json()) as Record<string, string>);
  }

  async function createEndpoints(count: number): Promise<string[]> {
    const made: string[] = [];
    while (made.length < count) {
      const { id = '' } = await call('POST', '/v1/webhook-endpoints', { url, events: ['verification.*'] });
      made.push(id);
    }
    return made;
  }

  /** Of so many deliveries that follow from what `begin` does. */
  async function sample(deliveries: number, begin: () => Promise<unknown>): Promise<DeliverySample> {
    const { messages } = await receiver.ask<Arrivals>({ kind: 'arrivals' });
    const serverBefore = cpuMsOf(server.pid);
    const postgresBefore = postgresMs();
    const startedAt = wallClockMs();
    await begin();
    const { messages: arrived, lastAtMs } = await arrivals(receiver, messages + deliveries);
    const taken = arrived - messages;
    return {
      perSecond: (taken * 1_000) / (lastAtMs - startedAt),
      serverUs: ((cpuMsOf(server.pid) - serverBefore) * 1_000) / taken,
      postgresUs: ((postgresMs() - postgresBefore) * 1_000) / taken,
    };
  }

  const postgresMs = () => (postmasterPid === null ? 0 : cpuMsOfFamily(postmasterPid));
  const remove = (id: string) => call('DELETE', `/v1/webhook-endpoints/${id}`);

  return {
    async measure(endpoints, deliveries) {
      const made = await createEndpoints(endpoints);
      const events = Math.ceil(deliveries / endpoints);
      const measured = await sample(events * endpoints, () => record(db, project, events));
      for (const id of made) await remove(id);
      return measured;
    },
    async fill(events) {
      const size = await logSize(db);
      await record(db, project, events);
      while ((await logSize(db)) < size + events) await sleep(LOOK_MS);
    },
    async measureBacklog(deliveries) {
      const [id = ''] = await createEndpoints(1);
      // As if it had been away.
      const back = db.kysely.updateTable('webhook_cursors').set({ next: 0, due_at: 0, leased_until: 0 });
      const measured = await sample(deliveries, () => back.where('endpoint_id', '=', id).execute());
      await remove(id);
      await untilQuiet(receiver);
      return measured;
    },
    async stop() {
      await receiver.stop();
      await db.close();
      await server.stop();
    },
  };
}

/** What is under way when an endpoint is deleted still arrives. */
async function untilQuiet(receiver: Worker): Promise<void> {
  for (let [before, now] = [-1, 0]; now !== before; await sleep(10 * LOOK_MS)) {
    before = now;
    now = (await receiver.ask<Arrivals>({ kind: 'arrivals' })).messages;
  }
}

async function arrivals(receiver: Worker, count: number): Promise<Arrivals> {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(LOOK_MS)) {
    const arrived = await receiver.ask<Arrivals>({ kind: 'arrivals' });
    if (arrived.messages >= count) return arrived;
    if (Date.now() > end) throw new Error(`${count - arrived.messages} webhooks never came`);
  }
}

async function logSize({ kysely }: Database): Promise<number> {
  return (await kysely.selectFrom('audit_state').select('size').executeTakeFirstOrThrow()).size;
}

/** As requests would, by the product's own code beside the server. */
async function record(db: Database, project: string, count: number): Promise<void> {
  for (let left = count; left > 0; left -= PER_TRANSACTION) {
    const events = Array.from({ length: Math.min(left, PER_TRANSACTION) }, () => eventOf(project));
    await writeTransaction(db, {}, (trx) => insertEvents(trx, events));
  }
}

function eventOf(project: string): AuditEvent {
  return {
    id: newId('evt'),
    type: 'verification.approved',
    at: Date.now(),
    project,
    mode: 'live',
    actor: 'system',
    verificationId: newId('ver'),
    recipient: { masked: '+33*******78', hash: randomBytes(32).toString('base64url') },
    data: { channel: 'sms', purpose: 'login', attempts: 1 },
  };
}
