import { type Flow, isReliable, type Timers, transactionMs } from './flow.ts';
import { headerOf, NO_BODY, type SipRequest, type SipResponse } from './message.ts';

export interface InviteEvents {
  provisional(response: SipResponse): void;
  /** Each 2xx as it comes, also the copies of one and those of other phones that rang (RFC 6026). */
  accepted(response: SipResponse): void;
  /** Once; acknowledged already. */
  refused(response: SipResponse): void;
  /** No final response, and none is expected any more. `heard`: whether anything came at all. */
  gaveUp(why: 'timeout' | 'lost', heard: boolean): void;
  /** Nothing that could still come belongs to it. */
  forgotten(): void;
}

export interface InviteTransaction {
  receive(response: SipResponse): void;
  /** Waits for the final response no longer than for that of any other request: after CANCEL (RFC 3261 §9.1). */
  expectEnd(): void;
  stop(): void;
}

/** RFC 3261 §17.1.1 with RFC 6026. */
export function startInvite(request: SipRequest, flow: Flow, timers: Timers, events: InviteEvents): InviteTransaction {
  let state: 'calling' | 'proceeding' | 'accepted' | 'completed' | 'ended' = 'calling';
  let retransmission: NodeJS.Timeout | undefined;
  let end: NodeJS.Timeout | undefined;
  let acknowledgement: SipRequest | null = null;
  const since = performance.now();
  const forgetLoss = flow.onLost(() => giveUp('lost'));

  function transmit(pauseMs: number): void {
    flow.send(request);
    if (!isReliable(flow.protocol)) retransmission = setTimeout(() => transmit(pauseMs * 2), pauseMs);
  }

  function endAfter(ms: number, run: () => void): void {
    clearTimeout(end);
    end = setTimeout(run, ms);
  }

  function giveUp(why: 'timeout' | 'lost'): void {
    if (state !== 'calling' && state !== 'proceeding') return;
    const heard = state === 'proceeding';
    finish();
    events.gaveUp(why, heard);
    if (why === 'timeout') flow.doubt(since);
  }

  function finish(): void {
    state = 'ended';
    clearTimeout(retransmission);
    clearTimeout(end);
    forgetLoss();
    events.forgotten();
  }

  function receive(response: SipResponse): void {
    const { status } = response;
    if (state === 'ended') return;
    if (status < 200) {
      if (state !== 'calling' && state !== 'proceeding') return;
      clearTimeout(retransmission);
      if (state === 'calling') clearTimeout(end);
      state = 'proceeding';
      events.provisional(response);
    } else if (status < 300) {
      if (state === 'completed') return;
      clearTimeout(retransmission);
      if (state !== 'accepted') endAfter(transactionMs(timers), finish);
      state = 'accepted';
      events.accepted(response);
    } else if (state === 'completed') {
      if (acknowledgement) flow.send(acknowledgement);
    } else if (state !== 'accepted') {
      clearTimeout(retransmission);
      state = 'completed';
      acknowledgement = acknowledge(request, response);
      flow.send(acknowledgement);
      endAfter(isReliable(flow.protocol) ? 0 : transactionMs(timers), finish);
      events.refused(response);
    }
  }

  transmit(timers.t1);
  endAfter(transactionMs(timers), () => giveUp('timeout'));
  return {
    receive,
    expectEnd: () => endAfter(transactionMs(timers), () => giveUp('timeout')),
    stop: finish,
  };
}

/** §17.1.1.3: in the transaction of the INVITE; that of a 2xx is a matter of its dialog. */
function acknowledge(invite: SipRequest, response: SipResponse): SipRequest {
  const cseq = headerOf(invite, 'cseq') ?? '';
  const kept = invite.headers.filter(([name]) => ['max-forwards', 'from', 'call-id', 'route'].includes(name));
  const via = invite.headers.find(([name]) => name === 'via');
  return {
    kind: 'request',
    method: 'ACK',
    uri: invite.uri,
    headers: [
      ...(via ? [via] : []),
      ...kept,
      ['to', headerOf(response, 'to') ?? ''],
      ['cseq', cseq.replace('INVITE', 'ACK')],
    ],
    body: NO_BODY,
  };
}
