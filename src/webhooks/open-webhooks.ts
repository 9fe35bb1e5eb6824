import type { Database } from '../db/open.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Now } from '../lib/clock.ts';
import { createGuardedHttpClient } from '../lib/guarded-http-client.ts';
import type { Keyring } from '../lib/keyring.ts';
import type { TargetGuard } from '../lib/target-guard.ts';
import type { AttemptRecord } from './delivery/delivery.ts';
import { watchDeliveries } from './delivery/delivery-metrics.ts';
import { createDispatcher, type Dispatcher } from './delivery/dispatcher.ts';
import { createHostSlots } from './delivery/host-slots.ts';
import { createLoadTargets, toTarget } from './delivery/load-targets.ts';
import { sendTest } from './delivery/send-test.ts';
import type { EndpointRow } from './endpoints/endpoint.ts';

export interface Webhooks {
  dispatcher: Dispatcher;
  /** Sends a sample at once, also to a disabled endpoint. Null: its secrets do not open. */
  test(endpoint: EndpointRow): Promise<TestResult | null>;
  close(): Promise<void>;
}

export type TestResult = AttemptRecord & { delivered: boolean };

export interface WebhooksDeps {
  db: Database;
  keyring: Keyring;
  guard: TargetGuard;
  metrics: Metrics;
  now: Now;
  log: { warn(details: object, message: string): void };
  /** Of one attempt. */
  timeoutMs?: number;
}

/** What is read of an answer; the rest closes the connection. */
const ANSWER_BYTES = 16_384;
const AT_ONCE_PER_HOST = 64;
const AT_ONCE = 1_024;
/** More than the dispatcher lets under way: nobody waits for a connection in the time of an attempt. */
const CONNECTIONS = 128;

export function openWebhooks({ db, keyring, guard, metrics, now, log, timeoutMs }: WebhooksDeps): Webhooks {
  const http = createGuardedHttpClient(guard, {
    maxAnswerBytes: ANSWER_BYTES,
    cutAnswers: true,
    connectionsPerOrigin: CONNECTIONS,
  });
  const onError = (error: unknown) => log.warn({ err: error }, 'webhooks are held up');
  const hosts = createHostSlots(AT_ONCE_PER_HOST, AT_ONCE);
  const sending = { http, now, onError, ...(timeoutMs !== undefined && { timeoutMs }) };
  return {
    dispatcher: createDispatcher({
      ...sending,
      ...{ db, hosts },
      loadTargets: createLoadTargets(db, keyring),
      random: Math.random,
      onResult: watchDeliveries(metrics, db.kysely, now),
    }),
    async test(endpoint) {
      const target = toTarget(keyring, endpoint);
      return target && hosts.run(new URL(target.url).host, () => sendTest(sending, target));
    },
    close: () => http.close(),
  };
}
