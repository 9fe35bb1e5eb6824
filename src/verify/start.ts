import { createHash } from 'node:crypto';
import { userAgentOf } from '../audit/request-origin.ts';
import { hashEmail, parseEmail } from '../lib/email.ts';
import { newChallengeId, SHARDS } from '../lib/ids.ts';
import { hashPhone, hashPhonePrefix, parsePhone } from '../lib/phone.ts';
import type { Challenge, ChallengeFacts, Channel, WorkflowStep } from './challenge.ts';
import { drawCode } from './code.ts';
import { type Context, contextDigest } from './context.ts';
import { countUnserved } from './count-unserved.ts';
import type { Caller, IdentityRefusal, VerifyDeps } from './deps.ts';
import { challengeEvent } from './events.ts';
import { beginFlow, idleFlow } from './flow.ts';
import type { CustomLimit, GuardSubject } from './guards.ts';
import { limitsOfSend } from './limits.ts';
import type { Policy } from './policy.ts';
import { sendFirst } from './run-sends.ts';
import { sealCode } from './sealed-code.ts';
import { mannerOf } from './spoken-manner.ts';
import type { LimitHit, Locked } from './store.ts';

/** The body of POST /v1/verifications, its shape already checked. */
export interface StartInput {
  to: string;
  email?: string;
  channel?: Channel;
  workflow?: WorkflowStep[];
  locale?: string;
  purpose?: string;
  code_length?: number;
  ttl_seconds?: number;
  context?: Context;
  subject?: string;
  client?: { ip?: string; user_agent?: string; device_id?: string };
  origin?: string;
  android_app_hash?: string;
  metadata?: Record<string, string>;
  limits?: CustomLimit[];
}

const DEFAULT_PURPOSE = 'login';

export type StartResult =
  | { kind: 'created'; challenge: Challenge }
  | { kind: 'invalid_phone_number' }
  | { kind: 'invalid_request' | 'policy_violation'; pointer: string; message: string }
  | { kind: IdentityRefusal }
  | LimitHit
  | Locked;

/** `seed`: the random seed of an idempotent request; a rerun with the same one finds the challenge of the first run. */
export function startVerification(deps: VerifyDeps, ...request: Request): Promise<StartResult> {
  return countUnserved(deps.metrics.started, start(deps, ...request));
}

type Request = [caller: Caller, policy: Policy, input: StartInput, now: number, seed?: string];

async function start(
  deps: VerifyDeps,
  caller: Caller,
  policy: Policy,
  input: StartInput,
  now: number,
  seed?: string,
): Promise<StartResult> {
  const phone = parsePhone(input.to);
  if (!phone) return { kind: 'invalid_phone_number' };
  const email = input.email === undefined ? undefined : parseEmail(input.email);
  if (email === null) return { kind: 'invalid_request', pointer: '/email', message: 'is not an e-mail address' };
  const workflow = chooseWorkflow(input, policy);
  const violation = findViolation(input, workflow, policy);
  if (violation) return { kind: 'policy_violation', ...violation };
  if (!email && workflow.some(({ channel }) => channel === 'email')) {
    return { kind: 'invalid_request', pointer: '/email', message: 'is required for the channel email' };
  }
  const refusal = await deps.identities.refusalOf(caller, identitiesOf(input));
  if (refusal) return { kind: refusal };

  const prefixHash = hashPhonePrefix(deps.hashKey, phone.e164);
  const who: GuardSubject = {
    project: caller.project,
    mode: caller.mode,
    recipient: hashPhone(deps.hashKey, phone.e164),
    prefix: prefixHash.toString('base64url'),
    email: email && hashEmail(deps.hashKey, email.address),
    subject: input.subject === undefined ? undefined : deps.guards.subjectHash(caller, input.subject),
    ip: input.client?.ip,
    deviceId: input.client?.device_id,
  };
  const device = who.deviceId === undefined ? undefined : deps.guards.deviceKey(who, who.deviceId);
  const deviceKnown = device !== undefined && (await deps.devices.isKnown(device, deps.guards.deviceOwners(who), now));
  const fixedCode = caller.mode === 'test' ? policy.test_numbers[phone.e164] : undefined;
  const facts: ChallengeFacts = {
    ...describe(input, policy, now),
    // The device's name is worth a budget of its own, so only its hash is kept.
    client: {
      ...input.client,
      ...userAgentOf(input.client?.user_agent),
      ...(device !== undefined && { device_id: device }),
    },
    // A recipient and its number range share a shard, so that their limits live beside their challenges.
    id: newChallengeId(prefixHash.readUInt8(0) % SHARDS, seed === undefined ? undefined : seedBytes(seed)),
    project: caller.project,
    mode: caller.mode,
    to: phone.e164,
    recipientHash: who.recipient,
    masked: phone.masked,
    country: phone.country,
    ...(email && who.email !== undefined && { email: { masked: email.masked, hash: who.email } }),
    workflow,
    codeLength: fixedCode?.length ?? input.code_length ?? policy.code_length,
    testNumber: fixedCode !== undefined,
    budgets: deps.guards.guessBudgets(who, policy, deviceKnown),
    sendLimits: deps.guards.sendLimits(who, policy),
  };
  const sealed = {
    code: fixedCode ?? drawCode(facts.codeLength),
    context: input.context ?? null,
    ...(email && { email: email.address }),
  };
  const flow = facts.testNumber ? idleFlow(facts.expiresAt) : beginFlow(facts, now);
  const challenge: Challenge = {
    ...facts,
    ...flow,
    attempts: 0,
    judged: 0,
    endedAt: null,
    rev: 1,
    secrets: {
      codeHash: await deps.hasher.hash(facts.id, sealed.code, policy.hash_preset),
      sealed: sealCode(deps.keyring, facts.id, sealed),
    },
  };
  const custom = deps.guards.customLimits(who, input.limits ?? []);
  const channel = workflow[0]?.channel ?? 'sms';
  const limits = facts.testNumber ? [] : [...limitsOfSend(facts.sendLimits, channel, true), ...custom];
  const { verificationId: _never, ...refused } = challengeEvent('verification.blocked', facts, caller.actor, now, {
    channel,
  });
  const events = {
    created: challengeEvent('verification.created', facts, caller.actor, now, {
      channel,
      ...(facts.email && { email: facts.email }),
      test_number: facts.testNumber,
    }),
    refused,
  };

  const result = await deps.store.create(challenge, limits, events, now);
  deps.metrics.started(result.kind === 'exists' ? 'created' : result.kind);
  if (result.kind === 'limited' || result.kind === 'locked') return result;
  if (result.kind === 'exists') {
    const first = await deps.store.get(facts.id);
    return { kind: 'created', challenge: first ?? challenge };
  }
  if (!facts.testNumber) deps.background(sendFirst(deps, challenge, sealed, now));
  return { kind: 'created', challenge };
}

type Described =
  | 'id'
  | 'project'
  | 'mode'
  | 'to'
  | 'recipientHash'
  | 'masked'
  | 'country'
  | 'email'
  | 'client'
  | 'workflow'
  | 'codeLength';

/** What the request and the policy say, apart from whom it is about. */
function describe(
  input: StartInput,
  policy: Policy,
  now: number,
): Omit<ChallengeFacts, Described | 'testNumber' | 'budgets' | 'sendLimits'> {
  return {
    ...(input.subject !== undefined && { subject: input.subject }),
    purpose: input.purpose ?? DEFAULT_PURPOSE,
    locale: input.locale ?? policy.default_locale,
    maxAttempts: policy.max_attempts,
    maxSends: policy.max_sends,
    cooldownSeconds: policy.resend_cooldown_seconds,
    resendCode: policy.resend_code,
    hashPreset: policy.hash_preset,
    fallback: policy.fallback,
    contextDigest: input.context ? contextDigest(input.context) : null,
    ...identitiesOf(input),
    metadata: input.metadata ?? {},
    brand: policy.brand,
    ...mannerOf(policy.voice),
    proofTtlSeconds: policy.proof_ttl_seconds,
    ledger: policy.acceptance_ledger === 'database',
    createdAt: now,
    expiresAt: now + (input.ttl_seconds ?? policy.ttl_seconds) * 1000,
  };
}

/** Who may read the code by itself. */
function identitiesOf({
  origin,
  android_app_hash: androidAppHash,
}: StartInput): Pick<ChallengeFacts, 'origin' | 'androidAppHash'> {
  return { ...(origin !== undefined && { origin }), ...(androidAppHash !== undefined && { androidAppHash }) };
}

function seedBytes(seed: string): Buffer {
  return createHash('sha256').update(`verification\0${seed}`).digest();
}

function chooseWorkflow(input: StartInput, policy: Policy): WorkflowStep[] {
  if (input.workflow) return input.workflow;
  return input.channel ? [{ channel: input.channel }] : policy.workflow;
}

function findViolation(
  input: StartInput,
  workflow: readonly WorkflowStep[],
  policy: Policy,
): { pointer: string; message: string } | null {
  if (input.channel && input.workflow) {
    return { pointer: '/workflow', message: 'give either a channel or a workflow' };
  }
  const forbidden = workflow.findIndex((step) => !policy.allowed_channels.includes(step.channel));
  if (forbidden >= 0) {
    const pointer = input.workflow ? `/workflow/${forbidden}/channel` : '/channel';
    return { pointer, message: `channel ${workflow[forbidden]?.channel} is not allowed` };
  }
  const incomplete = workflow.slice(0, -1).findIndex((step) => step.wait_seconds === undefined);
  if (incomplete >= 0) {
    return { pointer: `/workflow/${incomplete}/wait_seconds`, message: 'required on every step but the last' };
  }
  if (policy.purposes && !policy.purposes.includes(input.purpose ?? DEFAULT_PURPOSE)) {
    return { pointer: '/purpose', message: 'not one of the project’s purposes' };
  }
  if (input.locale !== undefined && policy.locales && !policy.locales.includes(input.locale)) {
    return { pointer: '/locale', message: 'not one of the project’s locales' };
  }
  const keys = input.limits?.map((limit) => limit.key) ?? [];
  if (new Set(keys).size < keys.length) return { pointer: '/limits', message: 'each key once' };
  if (input.code_length !== undefined && input.code_length < policy.code_length) {
    return { pointer: '/code_length', message: `at least ${policy.code_length}` };
  }
  if (input.ttl_seconds !== undefined && input.ttl_seconds > policy.ttl_seconds) {
    return { pointer: '/ttl_seconds', message: `at most ${policy.ttl_seconds}` };
  }
  return null;
}
