import type { Auth } from '../lib/auth.ts';
import { Problem } from '../lib/errors.ts';

/**
 * An onRequest hook. Projects and keys of both modes are managed by the same calls, and test keys are kept with
 * less care than live ones; so in production a test key administers nothing, whatever its scopes.
 */
export function requireAdministrator(production: boolean) {
  return async ({ auth }: { auth: Auth }): Promise<void> => {
    if (production && auth.mode === 'test') {
      throw new Problem('insufficient_scope', { detail: 'In production only live keys administer.' });
    }
  };
}
