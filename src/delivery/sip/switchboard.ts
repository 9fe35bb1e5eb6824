import { setTimeout as pause } from 'node:timers/promises';
import type { Failed, OutboundMessage, SendVerdict } from '../provider.ts';
import { failed, outcomeUnknown, rejected } from '../providers/support/verdict.ts';
import { reasons } from '../reasons.ts';
import type { PreparedScript } from '../speech/prepare-script.ts';
import type { Target } from './flow.ts';
import { callerOf, dialledNumber } from './numbers.ts';
import type { CallOutcome, CallStart, PlacedCall } from './place-call.ts';
import type { Trunk } from './trunk.ts';

/** Finds a trunk for each call and follows it to its end. */
export interface Switchboard {
  /** Tries until one rings or it is clear that none will. */
  send(message: OutboundMessage, script: PreparedScript, signal: AbortSignal): Promise<SendVerdict>;
  /** Takes no more calls, lets those that are going on end, and then ends them. */
  close(drainMs: number): Promise<void>;
}

export interface NewCall {
  trunk: Trunk;
  server: Target;
  message: OutboundMessage;
  script: PreparedScript;
  number: string;
  callerId: string;
  report(outcome: CallOutcome): void;
}

export interface SwitchboardOptions {
  trunks: readonly Trunk[];
  /** How long a call may wait for a trunk that has its calls per second. */
  waitMs: number;
  place(call: NewCall): PlacedCall;
  /** What became of a call whose verdict was given already. */
  receipt(message: OutboundMessage, outcome: CallOutcome): void;
}

/** A server that does not answer CANCEL keeps nobody waiting. */
const CUT_MS = 1_000;

export function createSwitchboard({ trunks, waitMs, place, receipt }: SwitchboardOptions): Switchboard {
  const calls = new Set<PlacedCall>();
  let isClosing = false;
  let idle: (() => void) | null = null;

  async function overTrunk(
    trunk: Trunk,
    message: OutboundMessage,
    script: PreparedScript,
    signal: AbortSignal,
  ): Promise<SendVerdict | { waitMs: number }> {
    const number = dialledNumber(message.to, trunk.options);
    const callerId = callerOf(message.from, trunk.options);
    if (!number) return rejected('invalid_recipient');
    if (!callerId) return failed('sender_refused');
    if (trunk.isDown()) return failed('unavailable', 'sip:no_ping');
    const pausedMs = Math.ceil(trunk.pausedMs());
    if (pausedMs > 0) return failed('unavailable', 'sip:paused', pausedMs);
    const closed = trunk.gate.enter(performance.now());
    if (closed)
      return closed.retryAfterMs === null ? failed('queue_full', 'sip:channels') : { waitMs: closed.retryAfterMs };
    let verdict: SendVerdict = failed('connection_failed', 'sip:no_server');
    for (const server of await trunk.servers()) {
      if (signal.aborted) break;
      const placed = place({
        trunk,
        server,
        message,
        script,
        number,
        callerId,
        report: (outcome) => receipt(message, outcome),
      });
      const start = await Promise.race([placed.start, whenAborted(signal)]);
      verdict = verdictOf(start, message);
      if (verdict.kind === 'accepted' || verdict.kind === 'outcome_unknown') {
        follow(placed, trunk, message);
        return verdict;
      }
      if (start?.kind === 'refused' && reasons[verdict.reason].carrier) {
        trunk.leaveAlone(server, start.refusal.retryAfterMs ?? 0);
      }
      if (!isOfTrunk(verdict)) break;
    }
    trunk.gate.leave();
    return verdict;
  }

  /** It may ring at any moment, or does: what becomes of it is told by receipts. */
  function follow(placed: PlacedCall, trunk: Trunk, message: OutboundMessage): void {
    calls.add(placed);
    void placed.outcome.then((outcome) => {
      calls.delete(placed);
      trunk.gate.leave();
      // That it was heard has been said when it was.
      if (outcome.status !== 'delivered') receipt(message, outcome);
      if (calls.size === 0) idle?.();
    });
  }

  return {
    async send(message, script, signal) {
      const deadline = performance.now() + waitMs;
      for (;;) {
        let last: SendVerdict = failed('unavailable');
        let shortest: number | null = null;
        for (const trunk of trunks) {
          if (isClosing || signal.aborted) return failed(isClosing ? 'unavailable' : 'timeout');
          const tried = await overTrunk(trunk, message, script, signal);
          if ('waitMs' in tried) shortest = Math.min(shortest ?? tried.waitMs, tried.waitMs);
          else if (isOfTrunk(tried)) last = tried;
          else return tried;
        }
        if (shortest === null) return last;
        if (performance.now() + shortest > deadline) return failed('rate_limited', 'sip:rate', Math.ceil(shortest));
        await pause(shortest);
      }
    },

    async close(drainMs) {
      isClosing = true;
      if (calls.size === 0) return;
      const ended = new Promise<void>((resolve) => {
        idle = resolve;
      });
      await Promise.race([ended, pause(drainMs)]);
      for (const call of calls) call.cut('process_lost');
      if (calls.size > 0) await Promise.race([ended, pause(CUT_MS)]);
    },
  };
}

/** Null: it has not started within the time that the send has. */
function verdictOf(start: CallStart | null, { reference }: OutboundMessage): SendVerdict {
  switch (start?.kind) {
    case undefined:
      return outcomeUnknown('timeout');
    case 'ringing':
      return { kind: 'accepted', providerId: reference };
    case 'not_reached':
      return failed(start.reason);
    case 'refused': {
      const { kind, reason, carrierCode, retryAfterMs } = start.refusal;
      return kind === 'rejected' ? rejected(reason, carrierCode) : failed(reason, carrierCode, retryAfterMs);
    }
    case 'unclear':
      return outcomeUnknown(start.reason);
  }
}

/** Another server or trunk may take the call; it was certainly not put through by this one. */
function isOfTrunk(verdict: SendVerdict): verdict is Failed {
  return verdict.kind === 'failed' && reasons[verdict.reason].mendable;
}

function whenAborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}
