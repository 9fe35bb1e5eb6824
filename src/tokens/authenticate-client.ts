import type { Auth, Authenticate, KeyExplanation } from '../lib/auth.ts';
import type { Now } from '../lib/clock.ts';
import type { Keyring } from '../lib/keyring.ts';
import { openClientToken } from './client-token.ts';

const NO_SCOPES: Auth['scopes'] = new Set();

/** Takes a client token where a key is expected. It has no scope; routes let it in by name (`config.clientToken`). */
export function withClientTokens(authenticate: Authenticate, keyring: Keyring, now: Now): Authenticate {
  async function authenticateClient(token: string, maxAgeMs?: number): Promise<Auth | null> {
    if (!isClientToken(token)) return authenticate(token, maxAgeMs);
    const claims = openClientToken(keyring, token, now());
    if (!claims) return null;
    const { verificationId, project, mode } = claims;
    return {
      keyId: `client:${verificationId}`,
      projectId: project,
      projectName: '',
      mode,
      scopes: NO_SCOPES,
      policy: null,
      client: { verificationId },
    };
  }

  // A client token carries its own proof: no database is asked.
  const known = (token: string) => isClientToken(token) || (authenticate.known?.(token) ?? true);
  const explain = (token: string): KeyExplanation =>
    isClientToken(token)
      ? { reason: 'invalid_client_token' }
      : (authenticate.explain?.(token) ?? { reason: 'unknown_key' });
  return Object.assign(authenticateClient, { known, explain });
}

function isClientToken(token: string): boolean {
  return token.startsWith('cst_');
}
