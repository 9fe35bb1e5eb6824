import { newToken } from './dialog.ts';
import { isReliable, type Origin, type Timers, transactionMs } from './flow.ts';
import {
  branchOf,
  callIdOf,
  type Headers,
  headerOf,
  headersOf,
  readParameters,
  type SipRequest,
  type SipResponse,
  tagOf,
} from './message.ts';

/** Answers to requests (RFC 3261 §17.2), kept for copies of the request. */
export interface Answers {
  /** Answers a copy as the first one; false: it is no copy. */
  repeat(request: SipRequest, origin: Origin): boolean;
  give(request: SipRequest, origin: Origin, status: number, headers: Headers, body: Buffer): void;
  close(): void;
}

/** Whoever floods us with requests pushes out the oldest answers. */
const MAX_KEPT = 5_000;

const PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  405: 'Method Not Allowed',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  488: 'Not Acceptable Here',
  500: 'Server Internal Error',
};

interface Kept {
  response: SipResponse;
  until: number;
  retransmission: NodeJS.Timeout | undefined;
}

export function createAnswers(timers: Timers): Answers {
  const kept = new Map<string, Kept>();

  function drop(key: string): void {
    clearTimeout(kept.get(key)?.retransmission);
    kept.delete(key);
  }

  function makeRoom(now: number): void {
    for (const [key, { until }] of kept) {
      if (until > now && kept.size < MAX_KEPT) return;
      drop(key);
    }
  }

  /** A 2xx to an INVITE is sent again until its ACK comes (§13.3.1.4). */
  function retransmit(key: string, answer: Kept, origin: Origin, pauseMs: number): void {
    answer.retransmission = setTimeout(() => {
      if (performance.now() >= answer.until) return;
      origin.reply(answer.response);
      retransmit(key, answer, origin, Math.min(pauseMs * 2, timers.t2));
    }, pauseMs);
  }

  return {
    repeat(request, origin) {
      if (request.method === 'ACK') {
        // That of a 2xx has a branch of its own: it is found by call and number.
        drop(inviteKeyOf(request));
        return false;
      }
      const answer = kept.get(answerKeyOf(request));
      if (!answer || answer.until < performance.now()) return false;
      origin.reply(answer.response);
      return true;
    },

    give(request, origin, status, headers, body) {
      const now = performance.now();
      makeRoom(now);
      const response = answerTo(request, origin, status, headers, body);
      const answer: Kept = { response, until: now + transactionMs(timers), retransmission: undefined };
      const key = answerKeyOf(request);
      drop(key);
      kept.set(key, answer);
      origin.reply(response);
      if (request.method === 'INVITE' && !isReliable(origin.protocol)) retransmit(key, answer, origin, timers.t1);
    },

    close() {
      for (const key of [...kept.keys()]) drop(key);
    },
  };
}

function answerKeyOf(request: SipRequest): string {
  if (request.method === 'INVITE') return inviteKeyOf(request);
  return `${request.method} ${branchOf(request) ?? ''} ${callIdOf(request)}`;
}

const inviteKeyOf = (request: SipRequest) =>
  `${callIdOf(request)} ${tagOf(request, 'from') ?? ''} ${(headerOf(request, 'cseq') ?? '').replace(/\D+$/, '')} INVITE`;

/** §8.2.6 */
function answerTo(request: SipRequest, origin: Origin, status: number, headers: Headers, body: Buffer): SipResponse {
  const [first = '', ...others] = headersOf(request, 'via');
  const to = headerOf(request, 'to') ?? '';
  const tag = tagOf(request, 'to') === undefined ? `;tag=${newToken()}` : '';
  return {
    kind: 'response',
    status,
    phrase: PHRASES[status] ?? '',
    headers: [
      ...[withSource(first, origin), ...others].map((via) => ['via', via] as const),
      ...['from', 'call-id', 'cseq'].map((name) => [name, headerOf(request, name) ?? ''] as const),
      ['to', `${to}${tag}`],
      ...request.headers.filter(([name]) => name === 'record-route'),
      ...headers,
    ],
    body,
  };
}

/** RFC 3581: where the request came from. */
function withSource(via: string, { address, port }: Origin): string {
  if (!readParameters(via).has('rport')) return `${via};received=${address}`;
  return `${via.replace(/;\s*rport\b(\s*=\s*\d*)?/i, `;rport=${port}`)};received=${address}`;
}
