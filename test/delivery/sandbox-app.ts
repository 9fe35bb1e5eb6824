import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify from 'fastify';
import { createSandbox, type SandboxMessage } from '../../src/delivery/providers/sandbox.ts';
import { sandboxRoutes } from '../../src/delivery/sandbox-routes.ts';
import type { IdempotencyStore } from '../../src/http/idempotency-store.ts';
import { installHttp } from '../../src/http/install-http.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { defaultRateLimits } from '../../src/http/rate-limit.ts';
import { createRateLimiter } from '../../src/http/rate-limiter.ts';
import type { Auth, Scope } from '../../src/lib/auth.ts';
import { createKeyring } from '../../src/lib/keyring.ts';

export const NOW = 1_800_000_000_000;

export const keys = { own: 'cs_test_own', other: 'cs_test_other', live: 'cs_live_own', noScope: 'cs_test_noscope' };

async function authenticate(key: string): Promise<Auth | null> {
  const [name] = Object.entries(keys).find(([, value]) => value === key) ?? [];
  if (!name) return null;
  return {
    keyId: `key_${name}`,
    projectId: name === 'other' ? 'prj_other' : 'prj_own',
    projectName: 'Test',
    mode: name === 'live' ? 'live' : 'test',
    scopes: new Set<Scope>(name === 'noScope' ? [] : ['sandbox', 'verifications:write']),
    policy: {},
  };
}

/** The sandbox's routes on the service's own HTTP layer, with keys that need no database. */
export async function buildSandboxApp({ production = false } = {}) {
  const sandbox = createSandbox(() => NOW);
  const inbound: SandboxMessage[] = [];
  const app = Fastify().withTypeProvider<TypeBoxTypeProvider>();
  let requests = 0;
  await installHttp(app, {
    authenticate,
    rateLimiter: createRateLimiter({
      counter: { add: async (_key, uses) => (requests += uses) },
      hash: (subject) => subject,
      onDegraded: () => undefined,
      onRecovered: () => undefined,
    }),
    rateLimits: defaultRateLimits,
    // None of these routes is idempotent.
    idempotency: {} as IdempotencyStore,
    keyring: createKeyring([Buffer.alloc(32)]),
    metrics: createMetrics(),
    now: () => NOW,
    standalone: true,
  });
  const onInbound = (message: SandboxMessage) => {
    inbound.push(message);
  };
  await app.register(sandboxRoutes({ sandbox, production, onInbound }));
  return { app, sandbox, inbound };
}
