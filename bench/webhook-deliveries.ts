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

/** Events that one process seals and delivers to receivers on this machine, from their commit to the last answer. */
export interface DeliverySample {
  events: number;
  endpoints: number;
  deliveriesPerSecond: number;
  /** CPU for each delivery, µs. */
  serverUs: number;
  postgresUs: number;
}

export interface DeliveryBench {
  /** To so many endpoints; about `deliveries` altogether. */
  measure(endpoints: number, deliveries: number): Promise<DeliverySample>;
  stop(): Promise<void>;
}

export interface DeliveryBenchOptions {
  runFolder: string;
  /** Null: SQLite. */
  postgres: { databaseUrl: string; postmasterPid: number } | null;
  execArgv?: string[];
}

const PER_TRANSACTION = 200;
const LOOK_MS = 20;
const PATIENCE_MS = 120_000;

export async function openDeliveryBench({
  runFolder,
  postgres,
  execArgv = [],
}: DeliveryBenchOptions): Promise<DeliveryBench> {
  const folder = newFolder(runFolder, 'countersign');
  const databaseUrl = postgres?.databaseUrl ?? `sqlite:${join(folder, 'countersign.db')}`;
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

  async function call(method: 'POST' | 'DELETE', path: string, body?: object): Promise<Record<string, string>> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? {} : ((await response.json()) as Record<string, string>);
  }

  return {
    async measure(endpoints, deliveries) {
      const made: string[] = [];
      for (let count = 0; count < endpoints; count += 1) {
        const { id = '' } = await call('POST', '/v1/webhook-endpoints', { url, events: ['verification.*'] });
        made.push(id);
      }
      const { project_id: project } = await db.kysely
        .selectFrom('webhook_endpoints')
        .select('project_id')
        .executeTakeFirstOrThrow();
      const events = Math.ceil(deliveries / endpoints);
      const before = await receiver.ask<Arrivals>({ kind: 'arrivals' });
      const cpu = () => ({
        server: cpuMsOf(server.pid),
        postgres: postgres ? cpuMsOfFamily(postgres.postmasterPid) : 0,
      });
      const cpuBefore = cpu();
      const startedAt = wallClockMs();
      await record(db, project, events);
      const last = await arrivals(receiver, before.messages + events * endpoints);
      const cpuAfter = cpu();
      const taken = events * endpoints;
      for (const id of made) await call('DELETE', `/v1/webhook-endpoints/${id}`);
      return {
        events,
        endpoints,
        deliveriesPerSecond: (taken * 1_000) / (last.lastAtMs - startedAt),
        serverUs: ((cpuAfter.server - cpuBefore.server) * 1_000) / taken,
        postgresUs: ((cpuAfter.postgres - cpuBefore.postgres) * 1_000) / taken,
      };
    },
    async stop() {
      await receiver.stop();
      await db.close();
      await server.stop();
    },
  };
}

async function arrivals(receiver: Worker, count: number): Promise<Arrivals> {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(LOOK_MS)) {
    const arrived = await receiver.ask<Arrivals>({ kind: 'arrivals' });
    if (arrived.messages >= count) return arrived;
    if (Date.now() > end) throw new Error(`${count - arrived.messages} webhooks never came`);
  }
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
