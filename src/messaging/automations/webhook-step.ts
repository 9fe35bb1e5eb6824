import type { KeyObject } from 'node:crypto';
import type { Database } from '../../db/open.ts';
import { backOffMs } from '../../jobs/worker.ts';
import type { HttpClient } from '../../lib/http-client.ts';
import { loadAttributes } from '../contacts/attributes.ts';
import { viewContact } from '../contacts/views.ts';
import type { StepResult } from './advance.ts';
import { nameOfStep, type Turn, type WebhookStep } from './automation.ts';
import { hookSecretOf } from './hook-secret.ts';

export interface WebhookDeps {
  db: Database;
  /** Goes nowhere but to the public Internet. */
  http: HttpClient;
  hashKey: KeyObject;
  sign: SignWebhook;
}

/** The header `webhook-signature` of Standard Webhooks. */
export type SignWebhook = (secret: string, id: string, timestampSeconds: number, body: string) => string;

const TIMEOUT_MS = 10_000;
const MAX_TRIES = 6;
const BUSY = new Set([408, 425, 429]);

/**
 * Told at least once: after a crash, or without an answer, it is told again under the same `webhook-id`, by which the
 * receiver knows it.
 */
export async function callWebhook(
  { db, http, hashKey, sign }: WebhookDeps,
  { run, definition, secretNumber, contact, now }: Turn,
  step: WebhookStep,
): Promise<StepResult> {
  const owner = { project: run.project_id, mode: run.mode };
  const body = JSON.stringify({
    type: 'automation.step',
    timestamp: new Date(now).toISOString(),
    data: {
      ...{ automation_id: run.automation_id, version: run.version, run_id: run.id },
      step: nameOfStep(definition, run.position),
      contact: viewContact(contact, await loadAttributes(db.kysely, owner)),
      data: run.data === null ? null : JSON.parse(run.data),
    },
  });
  const id = `${run.id}_${run.steps}`;
  const seconds = Math.floor(now / 1000);
  const secret = hookSecretOf(hashKey, { id: run.automation_id, secret_number: secretNumber });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': sign(secret, id, seconds, body),
  };
  const outcome = await http.send({ method: 'POST', url: step.url, headers, body, timeoutMs: TIMEOUT_MS });
  if (outcome.kind === 'answer' && outcome.status >= 200 && outcome.status < 300) {
    return { kind: 'done', outcome: 'done', reason: String(outcome.status) };
  }
  const isFinal = outcome.kind === 'answer' ? outcome.status < 500 && !BUSY.has(outcome.status) : false;
  if (!isFinal && run.tries + 1 < MAX_TRIES) {
    return { kind: 'later', dueAt: now + backOffMs(run.tries + 1), waitingFor: 'retry' };
  }
  const reason = outcome.kind === 'answer' ? String(outcome.status) : outcome.error;
  return { kind: 'done', outcome: 'failed', reason, fails: (step.on_failure ?? 'stop') === 'stop' };
}
