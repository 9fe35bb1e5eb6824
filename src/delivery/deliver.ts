import type { MessageTable } from '../db/schema.ts';
import type { Now } from '../lib/clock.ts';
import { measureText } from '../lib/text/encode-text.ts';
import type { ProviderChoice } from './choose-provider.ts';
import { codeMessageId, toCodeRow } from './messages/code-row.ts';
import type { MessageGate } from './messages/gate.ts';
import type { KnownNetwork } from './messages/known-network.ts';
import { VERDICT_STATUS } from './messages/message.ts';
import { describeRoute, receiptDueAt } from './messages/route-record.ts';
import { toEnded } from './messages/send-entries.ts';
import type { CodeLog } from './messages/write-behind.ts';
import type { Candidate, RouteDecision } from './routing/router.ts';
import { type Attempt, type Sending, type TryDeps, type TryResult, tryCandidates } from './try-candidates.ts';
import type { CodeText } from './wording/code-text.ts';
import type { Composer } from './wording/composer.ts';

/** The same as verify's, declared here: neither folder imports the other. */
export interface CodeMessage extends CodeText {
  verificationId: string;
  /** When the verification was started, ms. */
  startedAt: number;
  sendIndex: number;
  project: string;
  mode: 'live' | 'test';
  /** E.164, or an e-mail address. */
  to: string;
  purpose: string;
  recipientHash: string;
  /** As events show it. */
  masked: string;
  /** ISO 3166-1 alpha-2; null for e-mail. */
  country: string | null;
  /** Providers that earlier sends of the verification went through, without success so far. */
  tried?: readonly string[];
}

export type DeliverResult =
  | { kind: 'sent'; provider: string }
  | { kind: 'failed' | 'unknown'; provider: string; reason: string };

export interface CodeDeliveryDeps extends TryDeps {
  choice: Pick<ProviderChoice, 'route' | 'goesByNetwork'>;
  knownNetwork: KnownNetwork;
  gate: MessageGate;
  codeLog: Pick<CodeLog, 'begun' | 'ended'>;
  composer: Composer;
  background(task: Promise<unknown>): void;
  now: Now;
}

/** A process that is silent for so long while it sends is taken for dead. */
const LEASE_MS = 20_000;

/**
 * Sends one code. What became of it is written before this resolves, unless the database does not answer; its row never
 * holds the text or the code. Never throws for a carrier's sake; the total time is bounded.
 */
export async function deliverCode(
  deps: CodeDeliveryDeps,
  message: CodeMessage,
  signal: AbortSignal,
): Promise<DeliverResult> {
  const { channel, brand, project, mode, to, country, tried = [] } = message;
  const [composed, mccMnc] = await Promise.all([
    deps.composer.compose(message),
    deps.choice.goesByNetwork(mode) ? deps.knownNetwork(message.recipientHash) : null,
  ]);
  const now = deps.now();
  const facts = { project, mode, purpose: 'code', channel, to, country, brand, avoid: tried } as const;
  const decision = deps.choice.route({ ...facts, ...(mccMnc !== null && { mccMnc }) }, now);
  const candidates = await openTo(deps.gate, message, decision.candidates);
  if (candidates.length === 0 && decision.candidates.length > 0) {
    return { kind: 'failed', provider: 'none', reason: 'opted_out' };
  }
  const route = describeRoute(decision);
  const messageId = codeMessageId(message);
  const expiresAt = now + Math.min(message.validitySeconds, decision.validitySeconds ?? Infinity) * 1000;

  const sending: Sending = {
    messageId,
    project,
    channel,
    purpose: 'code',
    country,
    candidates,
    attempts: 0,
    expiresAt,
    compose: () => ({ project, mode, channel, purpose: 'code', to, code: message.code, ...composed }),
    async begun({ number, provider, sender }) {
      const at = deps.now();
      const dueAt = at + LEASE_MS;
      const common = { kind: 'begun', messageId, attempt: number, provider, sender, route, at, dueAt } as const;
      deps.codeLog.begun(number === 1 ? { ...common, message: firstRow() } : common);
      return true;
    },
    async failed(attempt, verdict) {
      deps.background(deps.codeLog.ended({ ...toEnded(messageId, attempt, verdict, deps.now()), after: null }));
    },
  };

  function firstRow(): MessageTable {
    const row = toCodeRow(message, expiresAt, now);
    if (channel !== 'sms') return row;
    const { encoding, segments } = measureText(composed.text);
    return { ...row, encoding, segments };
  }

  const result = await tryCandidates(deps, sending, signal);
  if (result.kind === 'tried') await logEnd(deps, messageId, result, decision);
  return toResult(result);
}

/** Those whose sender no carrier keeps from the recipient. */
async function openTo(
  gate: MessageGate,
  { project, mode, channel, recipientHash: addressHash }: CodeMessage,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[]> {
  const ask = { project, mode, channel, purpose: 'code', addressHash } as const;
  const refusals = await gate(candidates.map(({ sender }) => ({ ...ask, sender })));
  return candidates.filter((_, index) => refusals[index] === null);
}

/** Of a code whose process died in the call: if nothing was written of it, it is on record as unknown now. */
export function recordLostCode(
  { codeLog, now }: Pick<CodeDeliveryDeps, 'codeLog' | 'now'>,
  message: CodeMessage,
): Promise<void> {
  const at = now();
  const row = toCodeRow(message, at + message.validitySeconds * 1000, at);
  const lost = { ...row, status: 'unknown', reason: 'process_lost' };
  return codeLog.ended({ kind: 'lost', messageId: row.id, message: lost });
}

function logEnd(
  { codeLog, now }: CodeDeliveryDeps,
  messageId: string,
  { attempt, verdict }: { attempt: Attempt; verdict: Extract<TryResult, { kind: 'tried' }>['verdict'] },
  decision: RouteDecision,
): Promise<void> {
  const at = now();
  const status = VERDICT_STATUS[verdict.kind];
  const after =
    status === 'sent'
      ? { status, dueAt: receiptDueAt(decision, at) }
      : { status: status === 'unknown' ? status : ('failed' as const), dueAt: null };
  return codeLog.ended({ ...toEnded(messageId, attempt, verdict, at), after });
}

function toResult(result: TryResult): DeliverResult {
  switch (result.kind) {
    case 'no_provider':
    case 'called_off':
      return { kind: 'failed', provider: 'none', reason: 'no_provider' };
    case 'paced':
      return { kind: 'failed', provider: result.pacedBy.provider, reason: 'rate_limited' };
    case 'tried': {
      const { attempt, verdict } = result;
      const { provider } = attempt;
      if (verdict.kind === 'accepted') return { kind: 'sent', provider };
      return { kind: verdict.kind === 'outcome_unknown' ? 'unknown' : 'failed', provider, reason: verdict.reason };
    }
  }
}
