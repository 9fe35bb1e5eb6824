import { isIPv6 } from 'node:net';
import type { OutboundMessage, ProviderReceipt } from '../provider.ts';
import type { Reason } from '../reasons.ts';
import type { PreparedScript } from '../speech/prepare-script.ts';
import { type Call, type CallEnd, startCall } from './call.ts';
import { createConversation } from './conversation.ts';
import { newToken } from './dialog.ts';
import { type Refusal, readRefusal } from './final-status.ts';
import { type Flow, isReliable, type Target } from './flow.ts';
import { type Media, type MediaOptions, openMedia } from './media.ts';
import type { Headers } from './message.ts';
import { hostText, readUri } from './read-uri.ts';
import { DEFAULT_PORTS, type Dns, resolveServer } from './resolve-server.ts';
import type { TrunkOptions } from './trunk.ts';
import { boundAddress } from './udp-transport.ts';
import type { UserAgent } from './user-agent.ts';

/** One try over one server, from the INVITE to the end of the call. */
export interface PlacedCall {
  /** What is known first. */
  readonly start: Promise<CallStart>;
  /** When it is over, and what it came to. */
  readonly outcome: Promise<CallOutcome>;
  /** Ends it now. */
  cut(reason: Reason): void;
}

export type CallStart =
  /** It rings, or was answered at once. */
  | { kind: 'ringing' }
  /** Certainly nobody was called. */
  | { kind: 'not_reached'; reason: Reason }
  | { kind: 'refused'; refusal: Refusal }
  /** The server took it, or may have, and then nothing more came. */
  | { kind: 'unclear'; reason: Reason };

export type CallOutcome = Pick<ProviderReceipt, 'status' | 'reason' | 'carrierCode'>;

export interface PlaceCallOptions {
  agent: UserAgent;
  dns: Dns;
  trunk: TrunkOptions;
  server: Target;
  message: OutboundMessage;
  /** As dialled: `+33612345678` or as the trunk wants it. */
  number: string;
  callerId: string;
  script: PreparedScript;
  media: Omit<MediaOptions, 'address' | 'bindAddress' | 'srtp' | 'isTrunk'> & { bindAddress: string | null };
  isTrunk(address: string): boolean;
  talk: { settleMs: number; gateWaitMs: number; gatePrompts: number; betweenRepeatsMs: number; optOutWaitMs: number };
  ringMs: number;
  /** Told once, while the call goes on. */
  report(outcome: CallOutcome): void;
}

const OPT_OUT_CODE = 'sip:opt_out_key';

export function placeCall(options: PlaceCallOptions): PlacedCall {
  const start = Promise.withResolvers<CallStart>();
  const outcome = Promise.withResolvers<CallOutcome>();
  const call = dial(options, start.resolve, outcome.resolve).catch((error: unknown) => {
    // A defect of ours: whether a phone rings is not known, and whoever waits is to know that.
    const carrierCode = `sip:${error instanceof Error ? error.name : typeof error}`;
    start.resolve({ kind: 'unclear', reason: 'internal_error' });
    outcome.resolve(undelivered('internal_error', carrierCode));
    return () => {};
  });
  return { start: start.promise, outcome: outcome.promise, cut: (reason) => void call.then((close) => close(reason)) };
}

async function dial(
  options: PlaceCallOptions,
  started: (start: CallStart) => void,
  over: (outcome: CallOutcome) => void,
): Promise<(reason: Reason) => void> {
  const { agent, trunk, server } = options;
  const notReached = (reason: Reason) => {
    started({ kind: 'not_reached', reason });
    over({ status: 'undelivered', reason });
    return () => {};
  };
  const flow = await agent.open(server);
  if (!flow) return notReached('connection_failed');

  const isV6 = isIPv6(server.address);
  /** Why it was ended, where that was not the other side. */
  let why: { reason: Reason; carrierCode?: string } | null = null;
  let wasConnected = false;
  let call: Call | null = null;
  let media: Media | null = null;

  const close = (reason: Reason, carrierCode?: string) => {
    why ??= { reason, ...(carrierCode !== undefined && { carrierCode }) };
    call?.hangUp();
  };

  const conversation = createConversation({
    ...options.talk,
    script: options.script,
    play: (sounds, ended) => media?.play(sounds, ended),
    heard: () => options.report({ status: 'delivered' }),
    optedOut: () => options.report({ status: 'delivered', reason: 'opted_out', carrierCode: OPT_OUT_CODE }),
    hangUp: () => call?.hangUp(),
  });

  media = await openMedia(
    {
      ...options.media,
      address: flow.local.address,
      bindAddress: boundAddress(options.media.bindAddress, isV6) ?? (isV6 ? '::' : '0.0.0.0'),
      srtp: trunk.srtp,
      isTrunk: options.isTrunk,
    },
    {
      key: conversation.key,
      machine: (what) => close('machine_answered', `sip:${what}`),
      silent: (ever) => close('network_error', ever ? 'sip:rtp_lost' : 'sip:rtp_none'),
      tooLong: () => close('declined', 'sip:too_long'),
    },
  );
  if (!media) return notReached('queue_full');
  const opened = media;

  const ringing = setTimeout(() => close('no_answer', 'sip:ring_timeout'), options.ringMs);

  call = startCall({
    agent,
    flow,
    route: (uri) => routeWithin(uri, flow, options),
    ...addressOf(options, flow),
    contactUser: 'countersign',
    credentials: trunk.credentials,
    callId: `${options.message.reference}-${newToken()}`,
    offer: opened.offer,
    answer: opened.answer,
    events: {
      ringing: () => started({ kind: 'ringing' }),
      connected(remote) {
        clearTimeout(ringing);
        started({ kind: 'ringing' });
        if (!opened.connect(remote)) close('unsupported', 'sip:sdp');
        else if (!wasConnected) conversation.start();
        wasConnected = true;
      },
      key: conversation.key,
      ended(end) {
        clearTimeout(ringing);
        opened.close();
        const [first, last] = judge(end);
        started(first);
        over(last);
      },
    },
  });

  function judge(end: CallEnd): [CallStart, CallOutcome] {
    if (wasConnected && conversation.end().heard) return [{ kind: 'ringing' }, { status: 'delivered' }];
    switch (end.kind) {
      case 'refused': {
        const refusal = readRefusal(end.response);
        const { reason, carrierCode } = why ?? refusal;
        return [{ kind: 'refused', refusal }, undelivered(reason, carrierCode)];
      }
      case 'no_response': {
        const reason = why?.reason ?? (end.why === 'lost' ? 'connection_lost' : 'timeout');
        return [{ kind: 'unclear', reason }, undelivered(reason, end.heard ? 'sip:no_final' : 'sip:no_response')];
      }
      case 'incompatible':
        return [
          { kind: 'refused', refusal: { kind: 'failed', reason: 'unsupported', carrierCode: 'sip:sdp' } },
          undelivered('unsupported', 'sip:sdp'),
        ];
      default: {
        if (why) return [{ kind: 'unclear', reason: why.reason }, undelivered(why.reason, why.carrierCode)];
        const said = conversation.end();
        const reason = said.heard ? 'declined' : said.reason;
        const code = reason === 'opted_out' ? OPT_OUT_CODE : 'sip:bye';
        return [{ kind: 'unclear', reason }, undelivered(reason, code)];
      }
    }
  }

  return (reason) => close(reason, 'sip:cut');
}

function undelivered(reason: Reason, carrierCode: string | undefined): CallOutcome {
  return { status: 'undelivered', reason, ...(carrierCode !== undefined && { carrierCode }) };
}

function addressOf(
  { trunk, number, callerId }: PlaceCallOptions,
  { target }: Flow,
): { uri: string; from: string; to: string; headers: Headers } {
  const user = (digits: string) => digits.replace(/[^+0-9*#]/g, '').replaceAll('#', '%23');
  // The port that DNS gave is not part of the name.
  const port =
    trunk.port !== null && trunk.domain === trunk.host && trunk.port !== DEFAULT_PORTS[target.protocol]
      ? `:${trunk.port}`
      : '';
  const transport = isReliable(target.protocol) ? `;transport=${target.protocol === 'tls' ? 'tls' : 'tcp'}` : '';
  const callee = `sip:${user(number)}@${hostText(trunk.domain)}${port}`;
  const caller = `<sip:${user(callerId)}@${hostText(trunk.domain)}>`;
  return {
    uri: `${callee};user=phone${transport}`,
    to: `<${callee};user=phone>`,
    from: caller,
    headers: trunk.assertIdentity ? [['p-asserted-identity', caller]] : [],
  };
}

/** Over a connection the same one, or another where it was lost; else by the address that the other side gave (RFC 3261 §12.2.1.1, §8.1.2). */
async function routeWithin(uri: string, flow: Flow, { agent, dns, trunk }: PlaceCallOptions): Promise<Flow | null> {
  if (isReliable(flow.protocol)) return agent.open(flow.target);
  const parsed = readUri(uri);
  if (!parsed || trunk.ignoreContact) return null;
  const [target] = await resolveServer({ protocol: flow.protocol, host: parsed.host, port: parsed.port }, dns);
  const isSame = target?.address === flow.target.address && target.port === flow.target.port;
  return target && !isSame ? agent.open(target) : null;
}
