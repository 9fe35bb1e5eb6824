import { setTimeout as pause } from 'node:timers/promises';
import { newBranch, viaOf } from './dialog.ts';
import { answerChallenge, type Credentials, readChallenge } from './digest.ts';
import type { Flow, Origin, Protocol, Target, Timers } from './flow.ts';
import { type InviteEvents, type InviteTransaction, startInvite } from './invite-transaction.ts';
import {
  branchOf,
  callIdOf,
  type Headers,
  headerOf,
  NO_BODY,
  readCSeq,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  tagOf,
} from './message.ts';
import { type RequestTransaction, startRequest } from './request-transaction.ts';
import { createAnswers } from './server-answers.ts';
import { createStreamTransport, type StreamOptions } from './stream-transport.ts';
import { createUdpTransport, type LocalOptions } from './udp-transport.ts';
import { withHeader } from './write-message.ts';

/** What a call takes from the other side. Requests are answered once; ACK is not answered. */
export interface InDialog {
  request(request: SipRequest, answer: Answer): void;
}

export type Answer = (status: number, headers?: Headers, body?: Buffer) => void;

export interface UserAgent {
  /** Null: the server was certainly not reached. */
  open(target: Target): Promise<Flow | null>;
  /** Adds the Via. Returns the transaction with the INVITE as it was sent. */
  invite(request: SipRequest, flow: Flow, events: InviteEvents): { transaction: InviteTransaction; sent: SipRequest };
  /** CANCEL of that INVITE: same server, same branch. */
  cancel(invite: SipRequest, flow: Flow): void;
  /** Null: no final response. Challenges are answered, of a proxy and of the server behind it too. */
  request(request: SipRequest, flow: Flow, credentials: Credentials | null): Promise<SipResponse | null>;
  /** Sent once, expects no response. */
  acknowledge(request: SipRequest, flow: Flow): SipRequest;
  /** Requests with these tags are for it; returns what takes it off. */
  listen(callId: string, localTag: string, call: InDialog): () => void;
  close(): Promise<void>;
}

export interface UserAgentOptions {
  local: LocalOptions;
  streams: StreamOptions;
  timers: Timers;
  /** Servers of our trunks. Others get no answer outside of calls: scanners learn nothing. */
  isKnown(origin: Origin): boolean;
}

/** What was said last, a BYE for instance, may be answered within it. */
const CLOSE_MS = 500;

/** A server that finds every answer stale would ask forever. */
export const MAX_CHALLENGES = 3;

export const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO';

export function createUserAgent({ local, streams, timers, isKnown }: UserAgentOptions): UserAgent {
  let idle = () => {};
  const transactions = new Map<string, InviteTransaction | RequestTransaction>();
  const calls = new Map<string, InDialog>();
  const answers = createAnswers(timers);
  const overDatagrams = createUdpTransport(local, receive);
  const overStreams = createStreamTransport(streams, receive);
  const transports = { udp: overDatagrams, tcp: overStreams, tls: overStreams } satisfies Record<Protocol, object>;

  function forget(key: string): void {
    transactions.delete(key);
    if (transactions.size === 0) idle();
  }

  function receive(message: SipMessage, origin: Origin): void {
    if (message.kind === 'response') {
      transactions.get(keyOf(branchOf(message), readCSeq(message)?.method))?.receive(message);
    } else takeRequest(message, origin);
  }

  function takeRequest(request: SipRequest, origin: Origin): void {
    if (answers.repeat(request, origin)) return;
    const call = calls.get(`${callIdOf(request)} ${tagOf(request, 'to') ?? ''}`);
    const answer = (status: number, headers: Headers = [], body = NO_BODY) =>
      answers.give(request, origin, status, headers, body);
    if (call) call.request(request, answer);
    else if (request.method === 'ACK' || !isKnown(origin)) return;
    else if (tagOf(request, 'to') !== undefined || request.method === 'CANCEL') answer(481);
    else if (request.method === 'OPTIONS')
      answer(200, [
        ['allow', ALLOW],
        ['accept', 'application/sdp'],
      ]);
    // Nobody is at home here.
    else if (request.method === 'INVITE') answer(480);
    else answer(405, [['allow', ALLOW]]);
  }

  function send(
    request: SipRequest,
    flow: Flow,
    done: (response: SipResponse | null) => void,
    branch = newBranch(),
  ): void {
    const sent = withVia(request, flow, branch);
    const key = keyOf(branch, request.method);
    const transaction: RequestTransaction = startRequest(sent, flow, timers, (response) => {
      forget(key);
      done(response);
    });
    transactions.set(key, transaction);
  }

  return {
    open: (target) => transports[target.protocol].open(target),

    invite(request, flow, events) {
      const branch = newBranch();
      const sent = withVia(request, flow, branch);
      const key = keyOf(branch, 'INVITE');
      const transaction = startInvite(sent, flow, timers, {
        ...events,
        forgotten() {
          forget(key);
          events.forgotten();
        },
      });
      transactions.set(key, transaction);
      return { transaction, sent };
    },

    cancel(invite, flow) {
      const kept = invite.headers.filter(([name]) => ['from', 'to', 'call-id', 'route', 'max-forwards'].includes(name));
      const number = readCSeq(invite)?.number ?? 0;
      const request: SipRequest = {
        ...invite,
        method: 'CANCEL',
        headers: [...kept, ['cseq', `${number} CANCEL`]],
        body: NO_BODY,
      };
      send(request, flow, () => {}, branchOf(invite));
    },

    async request(request, flow, credentials) {
      let next = request;
      for (let challenges = 0; ; challenges++) {
        const response = await new Promise<SipResponse | null>((done) => send(next, flow, done));
        const authorized = response && challenges < MAX_CHALLENGES ? authorize(next, response, credentials) : null;
        if (!authorized) return response;
        next = authorized;
      }
    },

    acknowledge(request, flow) {
      const sent = withVia(request, flow, newBranch());
      flow.send(sent);
      return sent;
    },

    listen(callId, localTag, call) {
      const key = `${callId} ${localTag}`;
      calls.set(key, call);
      return () => calls.delete(key);
    },

    async close() {
      const ended = new Promise<void>((resolve) => {
        idle = resolve;
      });
      if (transactions.size > 0) await Promise.race([ended, pause(CLOSE_MS, undefined, { ref: false })]);
      for (const transaction of [...transactions.values()]) transaction.stop();
      answers.close();
      await Promise.all([overDatagrams.close(), overStreams.close()]);
    },
  };
}

const keyOf = (branch = '', method = '') => `${method} ${branch}`;

function withVia(request: SipRequest, flow: Flow, branch: string): SipRequest {
  const headers = request.headers.filter(([name]) => name !== 'via');
  return { ...request, headers: [['via', viaOf(flow, branch)], ...headers] };
}

/**
 * The same request with the next number and the answer to its challenge; null where there is none to give: no
 * credentials, a challenge that cannot be answered, or credentials that were refused (§22.2).
 */
export function authorize(
  request: SipRequest,
  response: SipResponse,
  credentials: Credentials | null,
): SipRequest | null {
  if (!credentials || (response.status !== 401 && response.status !== 407)) return null;
  const challenge = readChallenge(response);
  const sequence = readCSeq(request);
  if (!challenge || !sequence) return null;
  if (headerOf(request, challenge.answerIn) !== undefined && !challenge.stale) return null;
  const value = answerChallenge(challenge, credentials, request);
  const numbered = withHeader(request.headers, 'cseq', `${sequence.number + 1} ${request.method}`);
  return { ...request, headers: withHeader(numbered, challenge.answerIn, value) };
}
