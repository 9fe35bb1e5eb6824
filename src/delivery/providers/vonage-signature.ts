import { createHmac } from 'node:crypto';
import { readUnixSeconds } from './support/read-facts.ts';
import { sameAsAny } from './support/same-secret.ts';

export type SignatureMethod = 'sha256' | 'sha512';

/** "If you don't [answer 200], Vonage will keep resending it for the next 24 hours", with the time of the first try. */
const REPLAY_WINDOW_MS = 24 * 3_600_000;

/** `sig` of a request to or from the SMS API (developer.vonage.com, "Signing Messages"): all members but itself, in order. */
export function signMembers(
  members: Readonly<Record<string, string>>,
  method: SignatureMethod,
  secret: string,
): string {
  const text = Object.keys(members)
    .filter((name) => name !== 'sig')
    .sort()
    .map((name) => `&${clean(name)}=${clean(members[name] ?? '')}`)
    .join('');
  return createHmac(method, secret).update(text).digest('hex');
}

const clean = (text: string) => text.replace(/[&=]/g, '_');

/** Null when the members are signed with one of the secrets, within a day. */
export function refuseSignedMembers(
  members: Readonly<Record<string, string>>,
  method: SignatureMethod,
  secrets: readonly string[],
  now: number,
): string | null {
  if (members.sig === undefined) return 'no sig';
  const valid = secrets.map((secret) => signMembers(members, method, secret));
  if (!sameAsAny(members.sig.toLowerCase(), valid)) return 'wrong sig';
  const at = readUnixSeconds(members.timestamp);
  return at !== undefined && Math.abs(now - at) <= REPLAY_WINDOW_MS ? null : 'signed at another time';
}
