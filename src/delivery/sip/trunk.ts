import { setTimeout as pause } from 'node:timers/promises';
import type { ProviderLog } from '../provider.ts';
import { newToken } from './dialog.ts';
import type { Credentials } from './digest.ts';
import type { Flow, Target } from './flow.ts';
import type { SipRequest } from './message.ts';
import { newRequest } from './new-request.ts';
import { hostText } from './read-uri.ts';
import { keepRegistered, type Registration, type RegistrationOptions } from './registration.ts';
import { type Dns, resolveServer, type ServerName } from './resolve-server.ts';
import { createTrunkGate, type TrunkGate } from './trunk-gate.ts';
import type { UserAgent } from './user-agent.ts';

export interface TrunkOptions extends ServerName {
  name: string;
  /** The domain of the numbers, in requests and in From. */
  domain: string;
  credentials: Credentials | null;
  /** Digits only, or with the plus; before them what the carrier wants dialled. */
  numberForm: 'plus' | 'digits';
  prefix: string;
  /** Used where a message's sender is no number. */
  callerId: string | null;
  /** Whether to say by P-Asserted-Identity (RFC 3325) as well who calls. */
  assertIdentity: boolean;
  srtp: boolean;
  /** In-dialog requests go to the server, wherever its contact says it is. */
  ignoreContact: boolean;
  channels: number;
  callsPerSecond: number;
  pingMs: number;
  registration: RegistrationOptions | null;
}

export interface Trunk {
  readonly options: TrunkOptions;
  readonly gate: TrunkGate;
  /** Those that are neither known to be down nor left alone, in the order in which they are tried. */
  servers(): Promise<Target[]>;
  /** It has asked for that (RFC 3261 §21.5.4). */
  leaveAlone(server: Target, ms: number): void;
  /** How long until the first of its servers may be called again; 0: one may. */
  pausedMs(): number;
  /** Whether it is a server of this trunk. */
  owns(address: string): boolean;
  /** Why calls are not tried: no server answered when last asked. */
  isDown(): boolean;
  start(): void;
  close(): Promise<void>;
}

export interface TrunkDeps {
  agent: UserAgent;
  dns: Dns;
  log: ProviderLog;
}

/** How long the answer of DNS is used. */
const RESOLVED_MS = 60_000;
/** How long a call waits for it where an older one is known. */
const DNS_PATIENCE_MS = 500;

export function createTrunk(options: TrunkOptions, { agent, dns, log }: TrunkDeps): Trunk {
  const facts = { trunk: options.name };
  const down = new Set<string>();
  /** By server: when it may be called again. */
  const pauses = new Map<string, number>();
  let resolved: { targets: Target[]; until: number } | null = null;
  let resolving: Promise<Target[]> | null = null;
  let pinging: NodeJS.Timeout | undefined;
  let registration: Registration | null = null;
  let isClosed = false;

  /** What was found last is used when DNS does not answer soon: that it is out of order takes away nothing. */
  async function resolve(): Promise<Target[]> {
    const now = performance.now();
    if (resolved && resolved.until > now) return resolved.targets;
    resolving ??= resolveServer(options, dns).then((targets) => {
      resolving = null;
      if (targets.length > 0 || !resolved) {
        resolved = { targets, until: performance.now() + (targets.length > 0 ? RESOLVED_MS : 0) };
      }
      return resolved.targets;
    });
    const known = resolved?.targets ?? [];
    if (known.length === 0) return resolving;
    return Promise.race([resolving, pause(DNS_PATIENCE_MS, known, { ref: false })]);
  }

  async function ping(): Promise<void> {
    const targets = await resolve();
    if (targets.length === 0) log.warn(facts, 'SIP server has no address');
    await Promise.all(
      targets.map(async (target) => {
        const flow = await agent.open(target);
        const answer = flow && (await agent.request(optionsRequest(options, flow), flow, null));
        mark(target, answer !== null);
      }),
    );
    if (!isClosed) pinging = setTimeout(ping, options.pingMs);
  }

  /** Whatever it answers, it is there. */
  function mark(target: Target, answers: boolean): void {
    const key = keyOf(target);
    if (answers === !down.has(key)) return;
    const server = { ...facts, protocol: target.protocol, address: target.address, port: target.port };
    if (answers) {
      down.delete(key);
      log.info(server, 'SIP server answers again');
    } else {
      down.add(key);
      if (!isClosed) log.warn(server, 'SIP server does not answer');
    }
  }

  async function servers(): Promise<Target[]> {
    return (await resolve()).filter((target) => !down.has(keyOf(target)) && pauseOf(target) === 0);
  }

  function pauseOf(target: Target): number {
    const until = pauses.get(keyOf(target));
    const leftMs = until === undefined ? 0 : Math.max(0, until - performance.now());
    if (leftMs === 0) pauses.delete(keyOf(target));
    return leftMs;
  }

  return {
    options,
    gate: createTrunkGate(options),
    servers,
    leaveAlone: (server, ms) => void pauses.set(keyOf(server), performance.now() + ms),
    pausedMs() {
      const alive = resolved?.targets.filter((target) => !down.has(keyOf(target))) ?? [];
      return alive.length === 0 ? 0 : Math.min(...alive.map(pauseOf));
    },
    owns: (address) => resolved?.targets.some((target) => target.address === address) ?? false,
    isDown: () =>
      resolved !== null && resolved.targets.length > 0 && resolved.targets.every((target) => down.has(keyOf(target))),
    start() {
      if (options.pingMs > 0) void ping();
      if (options.registration) {
        registration = keepRegistered(options, options.registration, { agent, servers, log });
      }
    },
    async close() {
      isClosed = true;
      clearTimeout(pinging);
      await registration?.close();
    },
  };
}

const keyOf = ({ protocol, address, port }: Target) => `${protocol} ${address} ${port}`;

/** §11: answered by whatever is alive. */
function optionsRequest({ domain }: TrunkOptions, flow: Flow): SipRequest {
  return newRequest(
    'OPTIONS',
    `sip:${hostText(domain)}`,
    { from: `<sip:${hostText(flow.local.address)}>`, to: `<sip:${hostText(domain)}>` },
    { sequence: 1, callId: newToken() },
    [],
  );
}
