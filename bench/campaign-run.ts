import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { openDatabase } from '../src/db/open.ts';
import { wallClockMs } from './arrivals.ts';
import { createNumbers } from './delivery-numbers.ts';
import type { Carrier, Service } from './delivery-service.ts';

export interface Audience {
  tag: string;
  template: string;
  contacts: number;
}

export interface CampaignFigures {
  /** From the start until the last one, and its receipt where they come, is recorded. */
  perSecond: number;
  /** For each message. */
  serverUs: number;
  postgresUs: number;
  /** For a thousand; null: of SQLite nobody counts them. */
  transactions: number | null;
  peakRssMb: number;
}

const LOOK_MS = 50;
const PATIENCE_MS = 1_200_000;
const LINES = 1_000;

/** People with a name, and words that use it. */
export async function openAudience(
  service: Service,
  carrier: Carrier,
  contacts: number,
  name = carrier.name,
): Promise<Audience> {
  const tag = `bench ${name}`;
  await call(service, 'PUT', '/v1/contact-attributes', { attributes: { name: 'string' } });
  const response = await fetch(`${base(service)}/v1/contacts/import?tags=${encodeURIComponent(tag)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.key}`, 'content-type': 'text/csv' },
    body: ReadableStream.from(people(carrier.area, contacts)),
    duplex: 'half',
  } as RequestInit);
  const { id, ...rest } = (await response.json()) as { id: string };
  if (!id) throw new Error(JSON.stringify(rest));
  await until(async () => {
    const { ended_at, status } = await call(service, 'GET', `/v1/contacts/imports/${id}`);
    if (ended_at && status !== 'completed') throw new Error(`the import is ${status}`);
    return ended_at;
  });
  const template = await call(service, 'POST', '/v1/templates', {
    name: `offer ${name}`,
    variables: { name: { type: 'string' } },
    default_locale: 'en',
    locales: {
      en: { sms: { text: 'Hello {{name}}, our shop opens on Saturday at 9:00. Coffee is on us until noon.' } },
    },
  });
  return { tag, template: String(template.id), contacts };
}

async function* people(area: string, contacts: number): AsyncGenerator<Uint8Array> {
  const next = createNumbers(area, 'bulk');
  const encoder = new TextEncoder();
  yield encoder.encode('phone,name\n');
  for (let at = 0; at < contacts; at += LINES) {
    const size = Math.min(LINES, contacts - at);
    yield encoder.encode(Array.from({ length: size }, (_, index) => `${next()},Ana ${at + index}\n`).join(''));
  }
}

/** From the start of a campaign to its last message. */
export async function measureCampaign(
  service: Service,
  carrier: Carrier,
  { tag, template, contacts }: Audience,
  withReceipts: boolean,
): Promise<CampaignFigures> {
  const campaign = await call(service, 'POST', '/v1/campaigns', {
    ...{ name: tag, purpose: 'transactional', audience: { tags: [tag] }, template, sender: 'Example' },
  });
  const id = String(campaign.id);
  const db = await openDatabase(service.server.databaseUrl);
  // Whoever measures codes meanwhile asks which of them arrived.
  const arrived = () => carrier.sink.ask<number>({ kind: 'count' });
  const before = await arrived();
  const cpuBefore = service.cpuMs();
  const transactionsBefore = await countTransactions(db);
  const startedAt = wallClockMs();
  let peakRssMb = 0;
  const watching = setInterval(() => {
    peakRssMb = Math.max(peakRssMb, rssMb(service.server.pid));
  }, 100);
  await call(service, 'POST', `/v1/campaigns/${id}/start`, {});
  // The carrier is asked, so that nobody counts rows meanwhile.
  await until(async () => (await arrived()) - before >= contacts);
  const wanted = withReceipts ? 'delivered' : 'sent';
  await until(async () => {
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from messages where campaign_id = ${id} and status = ${wanted}`.execute(db.kysely);
    return Number(rows[0]?.count) >= contacts;
  });
  const tookMs = wallClockMs() - startedAt;
  clearInterval(watching);
  const cpu = service.cpuMs();
  const transactionsAfter = await countTransactions(db);
  await db.close();
  const counted = transactionsBefore !== null && transactionsAfter !== null;
  return {
    perSecond: (contacts * 1_000) / tookMs,
    serverUs: ((cpu.server - cpuBefore.server) * 1_000) / contacts,
    postgresUs: ((cpu.postgres - cpuBefore.postgres) * 1_000) / contacts,
    transactions: counted ? ((transactionsAfter - transactionsBefore) * 1_000) / contacts : null,
    peakRssMb,
  };
}

async function countTransactions(db: Awaited<ReturnType<typeof openDatabase>>): Promise<number | null> {
  if (db.dialect === 'sqlite') return null;
  const { rows } = await sql<{ count: number }>`
    select xact_commit as count from pg_stat_database where datname = current_database()`.execute(db.kysely);
  return Number(rows[0]?.count);
}

function rssMb(pid: number): number {
  const pages = /^\d+ (\d+)/.exec(readFileSync(`/proc/${pid}/statm`, 'utf8'))?.[1];
  return (Number(pages) * 4_096) / 2 ** 20;
}

const base = ({ server }: Service) => `http://127.0.0.1:${server.port}`;

async function call(service: Service, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(base(service) + path, {
    method,
    headers: { authorization: `Bearer ${service.key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer}`);
  return answer === '' ? {} : JSON.parse(answer);
}

async function until(look: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await look()); await sleep(LOOK_MS)) {
    if (Date.now() > end) throw new Error('it never happened');
  }
}
