import { type CheckInput, checkVerification } from './check.ts';
import type { Caller, VerifyDeps } from './deps.ts';
import { viewFailure, viewValid } from './view.ts';

/**
 * A check by the person's own client: whatever is wrong (code, expiry, lock, use, form) looks the same
 * (OWASP ASVS 6.3.8). The cheap refusals do the work of a judged attempt, so that time tells nothing either.
 */
export async function checkForClient(
  deps: VerifyDeps,
  caller: Caller,
  id: string,
  input: CheckInput,
  now: number,
  attempt: string,
) {
  const result = await checkVerification(deps, caller, id, input, now, attempt);
  if (result.kind === 'valid') return viewValid(result);
  const judged = result.kind === 'invalid' && result.reason === 'wrong_code';
  if (!judged) {
    const challenge = await deps.store.get(id);
    await deps.hasher.hash(id, input.code, challenge?.hashPreset ?? 'standard');
  }
  return viewFailure(id);
}
