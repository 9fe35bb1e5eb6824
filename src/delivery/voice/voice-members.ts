import { Type } from 'typebox';
import type { CallbackKind, ProviderDeps } from '../provider.ts';

/** What the configuration of every carrier of calls has. */
export const voiceMembers = {
  ring_seconds: Type.Integer({ minimum: 5, maximum: 60, default: 30, description: 'How long the phone rings.' }),
  machine_detection: Type.Boolean({
    default: false,
    description: 'Hang up on answering machines. Costs money and a moment of silence; a key press keeps them out too.',
  }),
};

/** Longer than any script takes with its repeats; a call that nothing ends would cost until it does. */
export const MAX_CALL_SECONDS = 300;

/** Where the carrier asks what to say: without it there is no call. */
export function requireCallbackUrl({ callbackUrl }: ProviderDeps, kind: CallbackKind): string {
  const url = callbackUrl(kind);
  if (url !== null) return url;
  throw new Error('needs public_url: the carrier asks there what a call is to say');
}

export function withQuery(url: string, members: Readonly<Record<string, string>>): string {
  const queried = new URL(url);
  for (const [name, value] of Object.entries(members)) queried.searchParams.set(name, value);
  return queried.href;
}
