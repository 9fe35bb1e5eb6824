import { type Flow, isReliable, type Timers, transactionMs } from './flow.ts';
import type { SipRequest, SipResponse } from './message.ts';

export interface RequestTransaction {
  receive(response: SipResponse): void;
  stop(): void;
}

/** RFC 3261 §17.1.2: a request other than INVITE. `done` is called once; null: no final response came. */
export function startRequest(
  request: SipRequest,
  flow: Flow,
  timers: Timers,
  done: (response: SipResponse | null) => void,
): RequestTransaction {
  let retransmission: NodeJS.Timeout | undefined;
  let isProceeding = false;
  let isDone = false;
  const since = performance.now();
  const end = setTimeout(() => {
    finish(null);
    flow.doubt(since);
  }, transactionMs(timers));
  const forgetLoss = flow.onLost(() => finish(null));

  function transmit(pauseMs: number): void {
    flow.send(request);
    if (isReliable(flow.protocol)) return;
    retransmission = setTimeout(() => transmit(isProceeding ? timers.t2 : Math.min(pauseMs * 2, timers.t2)), pauseMs);
  }

  function finish(response: SipResponse | null): void {
    if (isDone) return;
    isDone = true;
    clearTimeout(retransmission);
    clearTimeout(end);
    forgetLoss();
    done(response);
  }

  transmit(timers.t1);
  return {
    receive(response) {
      if (response.status >= 200) finish(response);
      else isProceeding = true;
    },
    stop: () => finish(null),
  };
}
