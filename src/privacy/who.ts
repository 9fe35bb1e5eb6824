import type { Auth } from '../lib/auth.ts';
import { Problem } from '../lib/errors.ts';

/** Keyed hash of a number or an address in any usual spelling. Throws the 422 for what is neither. */
export function hashOfSubject(hashOf: (address: string) => string | null, pointer: string, to: string): string {
  // A `+` that was not percent-encoded arrives as a space.
  const hash = hashOf(to.replace(/^ /, '+'));
  if (hash !== null) return hash;
  throw new Problem(to.includes('@') ? 'invalid_request' : 'invalid_phone_number', {
    errors: [{ pointer, message: `is not ${to.includes('@') ? 'an e-mail address' : 'a valid phone number'}` }],
  });
}

/** All projects are the business of who administers the installation. */
export function requireAllProjects({ auth }: { auth: Auth }): void {
  if (auth.scopes.has('admin')) return;
  throw new Problem('insufficient_scope', { extensions: { required_scope: 'admin' } });
}
