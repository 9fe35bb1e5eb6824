import type { Channel } from '../lib/channels.ts';
import type { Provider } from './provider.ts';
import type { RouteDecision, RouteFacts, Routing } from './routing/router.ts';
import { senderOfBrand } from './routing/sender-kinds.ts';

/** What is known of a message when its providers are chosen. */
export interface ChoiceFacts extends RouteFacts {
  mode: 'live' | 'test';
}

/**
 * Which providers may carry a message. Test keys reach the sandbox only; live ones do too in development, as long as no
 * carrier is configured. In production the sandbox carries nothing live.
 */
export interface ProviderChoice {
  route(facts: ChoiceFacts, now: number): RouteDecision;
  /** Whether it matters for the choice which network a recipient is in. */
  goesByNetwork(mode: 'live' | 'test'): boolean;
  /** Whether anything is configured that could carry it, whatever its state. */
  carries(mode: 'live' | 'test', channel: Channel): boolean;
  /** Whether what is sent in this mode reaches the sandbox only. */
  toSandbox(mode: 'live' | 'test'): boolean;
  /** Null for one that is not configured any more. */
  find(name: string): Provider | null;
}

export interface ProviderChoiceDeps {
  /** By name, without the sandbox. */
  providers: ReadonlyMap<string, Provider>;
  sandbox: Provider;
  routing: Pick<Routing, 'route' | 'goesByNetwork'>;
  production: boolean;
}

const DAY_SECONDS = 86_400;

export function createProviderChoice({ providers, sandbox, routing, production }: ProviderChoiceDeps): ProviderChoice {
  const toSandbox = (mode: 'live' | 'test') => mode === 'test' || (!production && providers.size === 0);

  return {
    route({ mode, ...facts }, now) {
      return toSandbox(mode) ? sandboxDecision(sandbox.name, facts) : routing.route(facts, now);
    },
    goesByNetwork: (mode) => !toSandbox(mode) && routing.goesByNetwork(),
    carries: (mode, channel) =>
      toSandbox(mode) || [...providers.values()].some(({ channels }) => channels.includes(channel)),
    toSandbox,
    find: (name) => (name === sandbox.name ? sandbox : (providers.get(name) ?? null)),
  };
}

function sandboxDecision(provider: string, { sender, brand }: RouteFacts): RouteDecision {
  return {
    version: 0,
    rule: null,
    strategy: 'ordered',
    candidates: [{ provider, sender: sender ?? senderOfBrand(brand), cost: null, buckets: [] }],
    skipped: [],
    validitySeconds: null,
    receiptTimeoutSeconds: DAY_SECONDS,
    failoverAfterSeconds: null,
    failoverOnReceipt: false,
  };
}
