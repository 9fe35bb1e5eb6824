import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { type Config, readConfig } from '../src/config.ts';
import { buildService } from '../src/main.ts';
import { openServices, type Services } from '../src/open.ts';
import { runDue } from '../src/verify/worker.ts';
import { atFileEnd } from './rig/file-end.ts';
import { freshDatabase, freshRedis } from './rig/stores.ts';

export const PROFILES = ['embedded', 'postgres', 'scaled'] as const;
export type Profile = (typeof PROFILES)[number];

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what came back is what the test is about
  body: any;
  headers: Record<string, string | string[] | number | undefined>;
}

/** The built app on real stores, its clock in the test's hand. */
export interface TestService {
  app: FastifyInstance;
  services: Services;
  key: string;
  clock: { now: number };
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: object,
    options?: { key?: string; headers?: object },
  ): Promise<Answer>;
  /** What the phone has, newest first. */
  phone(to: string): Promise<{ channel: string; text: string; received_at: string }[]>;
  /** The code of the newest message. */
  codeOf(to: string): Promise<string>;
  /** Waits for what goes on after an answer. */
  settled(): Promise<void>;
  /** Until every event is in SQL. */
  recorded(): Promise<void>;
  /** Does all that is due, and what follows from it at once. */
  work(): Promise<void>;
  /** Sends every message that is due, and works in what carriers say of it. */
  sendMessages(): Promise<void>;
  /** All events of a verification, oldest first. */
  events(id: string): Promise<{ type: string; data: Record<string, unknown>; sequence: number }[]>;
  close(): Promise<void>;
}

export interface TestServiceOptions {
  policy?: Record<string, unknown>;
  key?: string;
  mode?: 'development' | 'production';
  hashing?: { concurrency: number; max_queued: number };
  /** A second instance on the stores of a first one. */
  beside?: TestService;
  env?: Record<string, string>;
}

const START = Date.parse('2027-01-15T08:00:00.000Z');

export async function openTestService(profile: Profile, options: TestServiceOptions = {}): Promise<TestService> {
  const config = options.beside ? options.beside.services.config : await testConfig(profile, options);
  const clock = options.beside?.clock ?? { now: START };
  const services = await openServices(config, { now: () => clock.now });
  const app = await buildService(services);
  await app.ready();
  const key = config.apiKey ?? '';

  const service: TestService = {
    app,
    services,
    key,
    clock,
    async call(method, url, body, { key: other, headers } = {}) {
      const request: InjectOptions = { method, url, headers: { authorization: `Bearer ${other ?? key}`, ...headers } };
      const response = await app.inject(body === undefined ? request : { ...request, payload: body });
      const isJson = /\bjson\b/.test(String(response.headers['content-type']));
      return { status: response.statusCode, body: isJson ? response.json() : response.body, headers: response.headers };
    },
    async phone(to) {
      await service.settled();
      const { body } = await service.call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(to)}`);
      return body.data;
    },
    async codeOf(to) {
      const [message] = await service.phone(to);
      const code = /\b\d{4,10}\b/.exec(message?.text.replaceAll(/(?<=\d)[ ,.…]+(?=\d)/g, '') ?? '')?.[0];
      if (!code) throw new Error(`no code for ${to}`);
      return code;
    },
    async settled() {
      // The sandbox hands receipts over in a turn of their own.
      for (let turn = 0; turn < 3; turn += 1) {
        await services.background.settled();
        await new Promise(setImmediate);
      }
    },
    async work() {
      await service.settled();
      while ((await runDue(services.verify, clock.now)) > 0) await service.settled();
    },
    async sendMessages() {
      const { worker, watch } = services.delivery;
      await service.settled();
      while ((await worker.runDue()) + (await watch(clock.now)) > 0) await service.settled();
    },
    async recorded() {
      await service.settled();
      await services.recorder?.drain();
    },
    async events(id) {
      await service.recorded();
      const { body } = await service.call('GET', `/v1/events?verification_id=${id}&limit=100`);
      return body.data.toReversed();
    },
    async close() {
      forget();
      await app.close();
      await services.close();
    },
  };
  const forget = atFileEnd(service.close);
  return service;
}

async function testConfig(profile: Profile, options: TestServiceOptions): Promise<Config> {
  const database = await freshDatabase(profile === 'embedded' ? 'sqlite' : 'postgres');
  const redis = profile === 'scaled' ? await freshRedis() : null;
  const config = readConfig({
    DATABASE_URL: database.url,
    ...(redis && { REDIS_URL: redis.url }),
    COUNTERSIGN_SECRET: createHash('sha256').update(database.url).digest('base64'),
    COUNTERSIGN_API_KEY: options.key ?? `cs_test_${randomBytes(24).toString('base64url')}`,
    COUNTERSIGN_MODE: options.mode ?? 'development',
    ...options.env,
  });
  return {
    ...config,
    file: {
      ...config.file,
      log_level: process.env.TEST_LOG ?? 'silent',
      policy: { hash_preset: 'fast', ...options.policy },
      ...(options.hashing && { hashing: options.hashing }),
    },
  };
}

let numbers = Math.floor(Math.random() * 1e6);

/** A French mobile number that no other call in this process gets; one ending so, for the sandbox's sake. */
export function newNumber(ending = '9'): string {
  numbers += 7919;
  const range = 612 + (Math.floor(numbers / 1e4) % 7);
  return `+33${range}${String(numbers % 1e6)
    .padStart(6, '0')
    .slice(ending.length)}${ending}`;
}

export function wrongCode(code: string): string {
  return String((Number(code) + 1) % 10 ** code.length).padStart(code.length, '0');
}
