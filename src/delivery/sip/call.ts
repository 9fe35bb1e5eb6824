import { type Dialog, newToken, nextHop, openDialog, requestIn, targetOf } from './dialog.ts';
import type { Credentials } from './digest.ts';
import type { Flow } from './flow.ts';
import { readInfoKey } from './info-key.ts';
import type { InviteTransaction } from './invite-transaction.ts';
import { type Headers, NO_BODY, readCSeq, type SipRequest, type SipResponse, tagOf } from './message.ts';
import { hostText } from './read-uri.ts';
import { type AudioDescription, readSdp } from './sdp.ts';
import { ALLOW, type Answer, authorize, MAX_CHALLENGES, type UserAgent } from './user-agent.ts';

/** A call to one phone, from its INVITE to its end. */
export interface Call {
  /** Before the answer CANCEL, after it BYE. */
  hangUp(): void;
}

export interface CallEvents {
  /** It is being put through: a provisional response other than 100. */
  ringing(): void;
  /** The other side's audio; again whenever it changes. */
  connected(remote: AudioDescription): void;
  /** Pressed, told by INFO. */
  key(key: string): void;
  /** Once, and last. */
  ended(end: CallEnd): void;
}

export type CallEnd =
  | { kind: 'refused'; response: SipResponse }
  /** No final response. `heard`: the server had answered something. */
  | { kind: 'no_response'; heard: boolean; why: 'timeout' | 'lost' }
  /** Answered, but with audio that we do not have. */
  | { kind: 'incompatible' }
  /** By the other side. */
  | { kind: 'hung_up' }
  /** By us. */
  | { kind: 'closed' };

export interface CallOptions {
  agent: UserAgent;
  flow: Flow;
  /** Where requests within the call go, by the URI that the other side gave; null: the same way as the INVITE. */
  route(uri: string): Promise<Flow | null>;
  uri: string;
  /** Header values; `from` without its tag. */
  from: string;
  to: string;
  callId: string;
  /** The user part of the contact. */
  contactUser: string;
  headers: Headers;
  credentials: Credentials | null;
  /** Our audio, offered and then answered with. */
  offer(): Buffer;
  /** Null: there is nothing in the offer that we have. */
  answer(offer: AudioDescription): Buffer | null;
  events: CallEvents;
}

export function startCall(options: CallOptions): Call {
  const { agent, flow, callId, credentials, events } = options;
  const localTag = newToken();
  const contact = `<sip:${options.contactUser}@${hostText(flow.local.address)}:${flow.local.port};transport=${flow.protocol}>`;
  let transaction: InviteTransaction;
  let invite: SipRequest = {
    kind: 'request',
    method: 'INVITE',
    uri: options.uri,
    headers: [
      ['max-forwards', '70'],
      ['from', `${options.from};tag=${localTag}`],
      ['to', options.to],
      ['call-id', callId],
      ['cseq', '1 INVITE'],
      ['contact', contact],
      ['allow', ALLOW],
      ['content-type', 'application/sdp'],
      ...options.headers,
    ],
    body: options.offer(),
  };
  let state: 'calling' | 'proceeding' | 'answered' | 'ended' = 'calling';
  let isCancelled = false;
  let isCancelSent = false;
  let challenges = 0;
  /** By tag of the phone: the first is the call, the others rang as well. */
  const dialogs = new Map<string, { dialog: Dialog; acknowledgement: Promise<() => void> }>();
  /** The audio that provisional responses announced, for a 200 that does not repeat it. */
  const early = new Map<string, Buffer>();
  let dialog: Dialog | null = null;
  const forget = agent.listen(callId, localTag, { request: takeRequest });

  function send(request: SipRequest): void {
    const started = agent.invite(request, flow, {
      provisional,
      accepted,
      refused,
      gaveUp: (why, heard) => end({ kind: 'no_response', heard: heard || state !== 'calling', why }),
      forgotten: () => {},
    });
    invite = started.sent;
    transaction = started.transaction;
  }

  function provisional(response: SipResponse): void {
    if (state === 'calling') state = 'proceeding';
    if (response.body.length > 0) early.set(tagOf(response, 'to') ?? '', response.body);
    if (isCancelled) cancelOnce();
    else if (response.status > 100 && state === 'proceeding') events.ringing();
  }

  /** A server that goes on ringing has had its CANCEL and is waited for no longer. */
  function cancelOnce(): void {
    if (isCancelSent) return;
    isCancelSent = true;
    agent.cancel(invite, flow);
    transaction.expectEnd();
  }

  function refused(response: SipResponse): void {
    const authorized = isCancelled || challenges >= MAX_CHALLENGES ? null : authorize(invite, response, credentials);
    challenges++;
    if (authorized) send(authorized);
    else end({ kind: 'refused', response });
  }

  function accepted(response: SipResponse): void {
    const tag = tagOf(response, 'to') ?? '';
    const known = dialogs.get(tag);
    if (known) {
      void known.acknowledgement.then((repeat) => repeat());
      return;
    }
    const opened = openDialog(invite, response);
    dialogs.set(tag, { dialog: opened, acknowledgement: acknowledge(opened) });
    // Another phone was faster, or the answer crossed our CANCEL: it must hear that there is no call (§13.2.2.4, §15).
    if (dialog || state === 'ended' || isCancelled) {
      const left = bye(opened);
      if (!dialog) endAfter(left, { kind: 'closed' });
      return;
    }
    dialog = opened;
    state = 'answered';
    const remote = readSdp(response.body.length > 0 ? response.body : (early.get(tag) ?? NO_BODY));
    if (remote) events.connected(remote);
    else {
      endAfter(bye(opened), { kind: 'incompatible' });
    }
  }

  /** Resolves with what sends it again. */
  async function acknowledge(of: Dialog): Promise<() => void> {
    // With the credentials of the INVITE, as nobody can ask for them (§13.2.2.4).
    const credentials = invite.headers.filter(([name]) => name.endsWith('authorization'));
    const request = requestIn(of, 'ACK', [['contact', contact], ...credentials]);
    const way = await wayTo(of);
    const sent = agent.acknowledge(request, way);
    return () => way.send(sent);
  }

  async function wayTo(of: Dialog): Promise<Flow> {
    return (await options.route(nextHop(of))) ?? flow;
  }

  /** Resolves when it is on its way, which is not before the ACK is. */
  async function bye(of: Dialog): Promise<void> {
    const request = requestIn(of, 'BYE', []);
    await dialogs.get(of.remoteTag)?.acknowledgement;
    const way = await wayTo(of);
    void agent.request(request, way, credentials);
  }

  function takeRequest(request: SipRequest, answer: Answer): void {
    const sequence = readCSeq(request);
    const of = dialogs.get(tagOf(request, 'from') ?? '')?.dialog;
    if (!of || !sequence) {
      if (request.method !== 'ACK') answer(481);
      return;
    }
    if (request.method === 'ACK') takeAcknowledgement(request, of);
    // Of an INVITE that was answered already: nothing is left to cancel.
    else if (request.method === 'CANCEL') answer(200);
    else if (sequence.number <= of.remoteSequence) answer(500);
    else {
      of.remoteSequence = sequence.number;
      takeNew(request, of, answer);
    }
  }

  function takeNew(request: SipRequest, of: Dialog, answer: Answer): void {
    switch (request.method) {
      case 'BYE':
        answer(200);
        if (of === dialog) end({ kind: 'hung_up' });
        return;
      case 'INVITE':
        takeOffer(request, of, answer);
        return;
      case 'INFO': {
        answer(200);
        const key = readInfoKey(request);
        if (key !== null && state === 'answered') events.key(key);
        return;
      }
      case 'OPTIONS':
        answer(200, [['allow', ALLOW]]);
        return;
      default:
        answer(405, [['allow', ALLOW]]);
    }
  }

  /** A re-INVITE (§14.2): hold, another address, another codec. Without an offer, ours is made and the ACK answers it. */
  function takeOffer(request: SipRequest, of: Dialog, answer: Answer): void {
    if (of !== dialog || state !== 'answered') {
      answer(481);
      return;
    }
    const remote = readSdp(request.body);
    const hasOffer = request.body.length > 0;
    const body = hasOffer ? remote && options.answer(remote) : options.offer();
    if (!body) {
      answer(488);
      return;
    }
    of.target = targetOf(request) ?? of.target;
    answer(
      200,
      [
        ['contact', contact],
        ['allow', ALLOW],
        ['content-type', 'application/sdp'],
      ],
      body,
    );
    if (remote) events.connected(remote);
  }

  function takeAcknowledgement(request: SipRequest, of: Dialog): void {
    const remote = of === dialog && state === 'answered' ? readSdp(request.body) : null;
    if (remote) events.connected(remote);
  }

  function end(how: CallEnd): void {
    endAfter(Promise.resolve(), how);
  }

  /** Nothing that comes from now on is of this call; that it is over is told when the other side has been told. */
  function endAfter(left: Promise<void>, how: CallEnd): void {
    if (state === 'ended') return;
    state = 'ended';
    forget();
    void left.then(() => events.ended(how));
  }

  send(invite);
  return {
    hangUp() {
      if (state === 'answered' && dialog) {
        endAfter(bye(dialog), { kind: 'closed' });
      } else if (state !== 'ended' && !isCancelled) {
        isCancelled = true;
        // A server that has said nothing yet does not know what to cancel (§9.1).
        if (state === 'proceeding') cancelOnce();
      }
    },
  };
}
