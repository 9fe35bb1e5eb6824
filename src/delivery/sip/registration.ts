import type { ProviderLog } from '../provider.ts';
import { newToken } from './dialog.ts';
import type { Target } from './flow.ts';
import { headerOf, headersOf, readParameters, type SipResponse } from './message.ts';
import { newRequest } from './new-request.ts';
import { hostText, readUri, uriOf } from './read-uri.ts';
import type { TrunkOptions } from './trunk.ts';
import { MAX_CHALLENGES, type UserAgent } from './user-agent.ts';

/** For trunks that let in only who has registered (RFC 3261 §10). */
export interface RegistrationOptions {
  expiresSeconds: number;
  /** Before trying again after a failure. */
  retryMs: number;
}

export interface Registration {
  /** Takes it back, if the server answers soon. */
  close(): Promise<void>;
}

interface Deps {
  agent: UserAgent;
  servers(): Promise<Target[]>;
  log: ProviderLog;
}

/** Renewed when so much of it has gone by. */
const RENEW_AT = 0.8;
const CLOSE_MS = 1_000;
const LONGEST_SECONDS = 86_400;

export function keepRegistered(
  trunk: TrunkOptions,
  { expiresSeconds, retryMs }: RegistrationOptions,
  { agent, servers, log }: Deps,
): Registration {
  const { name, domain, credentials } = trunk;
  const user = credentials?.username ?? 'countersign';
  const aor = `<sip:${encodeURIComponent(user)}@${hostText(domain)}>`;
  /** One for all of them, so that their numbers tell which is the newest (RFC 3261 §10.2). */
  const callId = newToken();
  let sequence = 0;
  let timer: NodeJS.Timeout | undefined;
  /** The server that has registered us. */
  let registrar: Target | null = null;
  /** What is asked for: more, when a server wants it so (§10.2.8). */
  let seconds = expiresSeconds;
  let isRegistered = false;
  let isClosed = false;

  async function register(server: Target, forSeconds: number): Promise<SipResponse | null> {
    const flow = await agent.open(server);
    if (!flow) return null;
    // Room for the numbers of requests with credentials.
    sequence += 1 + MAX_CHALLENGES;
    const contact = `<sip:${encodeURIComponent(user)}@${hostText(flow.local.address)}:${flow.local.port};transport=${flow.protocol}>`;
    const request = newRequest('REGISTER', `sip:${hostText(domain)}`, { from: aor, to: aor }, { sequence, callId }, [
      ['contact', contact],
      ['expires', String(forSeconds)],
    ]);
    return agent.request(request, flow, credentials);
  }

  /** By the server that has us already, else by the first that takes us. */
  async function registerAnywhere(): Promise<SipResponse | null> {
    let response: SipResponse | null = null;
    for (const server of registrar ? [registrar] : await servers()) {
      response = await register(server, seconds);
      const shortest = response?.status === 423 ? readSeconds(headerOf(response, 'min-expires')) : undefined;
      if (shortest !== undefined && shortest > seconds && shortest <= LONGEST_SECONDS) {
        seconds = shortest;
        response = await register(server, seconds);
      }
      registrar = isAccepted(response) ? server : null;
      if (registrar || isClosed) break;
    }
    return response;
  }

  async function renew(): Promise<void> {
    const response = await registerAnywhere();
    if (isClosed) return;
    const accepted = isAccepted(response);
    if (accepted !== isRegistered || !accepted) {
      const facts = { trunk: name, status: response?.status ?? null };
      if (accepted) log.info(facts, 'SIP registered');
      else log.warn(facts, 'SIP registration failed');
    }
    isRegistered = accepted;
    timer = setTimeout(renew, accepted ? grantedMs(response, seconds) * RENEW_AT : retryMs);
  }

  void renew();
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      if (!registrar) return;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([register(registrar, 0), late]);
      clearTimeout(timer);
    },
  };
}

/** What the server granted (§10.2.4): beside our contact, else in Expires; never asked for anew at once. */
function grantedMs(response: SipResponse, asked: number): number {
  const own = headersOf(response, 'contact').find((contact) => readUri(uriOf(contact) ?? '') !== null) ?? '';
  const stated = readParameters(own.slice(own.lastIndexOf('>') + 1)).get('expires') ?? headerOf(response, 'expires');
  return Math.max(1, Math.min(readSeconds(stated) ?? asked, asked)) * 1_000;
}

const readSeconds = (text = '') => (/^\d{1,7}$/.test(text) ? Number(text) : undefined);

const isAccepted = (response: SipResponse | null): response is SipResponse =>
  response !== null && response.status < 300;
