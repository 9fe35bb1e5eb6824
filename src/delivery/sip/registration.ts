import type { ProviderLog } from '../provider.ts';
import { newToken } from './dialog.ts';
import type { Flow, Target } from './flow.ts';
import { headerOf, headersOf, readParameters, type SipResponse } from './message.ts';
import { newRequest } from './new-request.ts';
import { hostText, readUri, uriOf } from './read-uri.ts';
import type { TrunkOptions } from './trunk.ts';
import type { UserAgent } from './user-agent.ts';

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

export function keepRegistered(
  trunk: TrunkOptions,
  { expiresSeconds, retryMs }: RegistrationOptions,
  { agent, servers, log }: Deps,
): Registration {
  const { name, domain, credentials } = trunk;
  const user = credentials?.username ?? 'countersign';
  const aor = `<sip:${encodeURIComponent(user)}@${domain}>`;
  /** One for all of them, so that their numbers tell which is the newest (RFC 3261 §10.2). */
  const callId = newToken();
  let sequence = 0;
  let timer: NodeJS.Timeout | undefined;
  let flow: Flow | null = null;
  let isRegistered = false;
  let isClosed = false;

  async function register(seconds: number): Promise<SipResponse | null> {
    if (!flow) {
      const [server] = await servers();
      flow = server ? await agent.open(server) : null;
      flow?.onLost(() => {
        flow = null;
      });
    }
    if (!flow) return null;
    // Room for the number of a request with credentials.
    sequence += 2;
    const contact = `<sip:${encodeURIComponent(user)}@${hostText(flow.local.address)}:${flow.local.port};transport=${flow.protocol}>`;
    const request = newRequest('REGISTER', `sip:${domain}`, { from: aor, to: aor }, { sequence, callId }, [
      ['contact', contact],
      ['expires', String(seconds)],
    ]);
    return agent.request(request, flow, credentials);
  }

  async function renew(): Promise<void> {
    const response = await register(expiresSeconds);
    if (isClosed) return;
    const accepted = response !== null && response.status < 300;
    if (accepted !== isRegistered || !accepted) {
      const facts = { trunk: name, status: response?.status ?? null };
      if (accepted) log.info(facts, 'SIP registered');
      else log.warn(facts, 'SIP registration failed');
    }
    isRegistered = accepted;
    if (!accepted) flow = null;
    timer = setTimeout(renew, accepted ? grantedMs(response, expiresSeconds) * RENEW_AT : retryMs);
  }

  void renew();
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      if (!isRegistered) return;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([register(0), late]);
      clearTimeout(timer);
    },
  };
}

/** What the server granted (§10.2.4): beside our contact, else in Expires; never asked for anew at once. */
function grantedMs(response: SipResponse, asked: number): number {
  const own = headersOf(response, 'contact').find((contact) => readUri(uriOf(contact) ?? '') !== null) ?? '';
  const stated = readParameters(own.slice(own.lastIndexOf('>') + 1)).get('expires') ?? headerOf(response, 'expires');
  const seconds = stated !== undefined && /^\d{1,7}$/.test(stated) ? Number(stated) : asked;
  return Math.max(1, Math.min(seconds, asked)) * 1_000;
}
