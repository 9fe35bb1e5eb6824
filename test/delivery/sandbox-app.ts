import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify from 'fastify';
import { createSandbox, type SandboxMessage } from '../../src/delivery/providers/sandbox.ts';
import { sandboxRoutes } from '../../src/delivery/sandbox-routes.ts';
import { bearerOf, refuseUnguarded, requireScope, unauthorized } from '../../src/http/auth.ts';
import { createErrorHandler } from '../../src/http/error-handler.ts';
import { addJsonParser } from '../../src/http/json-body.ts';
import { addSecurityHeaders } from '../../src/http/security-headers.ts';
import { createValidatorCompiler, refuseOpenSchemas } from '../../src/http/validation.ts';
import type { Auth } from '../../src/projects/authenticate.ts';
import type { Scope } from '../../src/projects/scopes.ts';

export const NOW = 1_800_000_000_000;

/** Keys of the test app; a key is `<project> <mode>` as the sandbox knows it. */
export const keys = {
  own: 'cs_test_own',
  other: 'cs_test_other',
  live: 'cs_live_own',
  noScope: 'cs_test_noscope',
} as const;

function authOf(key: string | null): Auth | null {
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

/** The sandbox's routes with the parts of the HTTP layer that matter to them, on a port of its own. */
export async function buildSandboxApp({ production = false } = {}) {
  const sandbox = createSandbox(() => NOW);
  const inbound: SandboxMessage[] = [];
  const app = Fastify().withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(createValidatorCompiler());
  app.setErrorHandler(createErrorHandler(''));
  app.addHook('onRoute', refuseUnguarded);
  app.addHook('onRoute', refuseOpenSchemas);
  addSecurityHeaders(app);
  addJsonParser(app);
  app.decorateRequest('auth');
  app.addHook('onRequest', async (request, reply) => {
    const { scope } = request.routeOptions.config;
    if (scope === undefined) return;
    const auth = authOf(bearerOf(request));
    if (!auth) throw unauthorized(request, reply);
    request.auth = auth;
    requireScope(request, reply, scope);
  });
  const onInbound = (message: SandboxMessage) => {
    inbound.push(message);
  };
  await app.register(sandboxRoutes({ sandbox, production, onInbound }));
  return { app, sandbox, inbound };
}
