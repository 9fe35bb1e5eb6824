import type { TrunkOptions } from './trunk.ts';

type NumberRules = Pick<TrunkOptions, 'numberForm' | 'prefix' | 'callerId'>;

const E164 = /^\+[1-9]\d{6,14}$/;
/** Short codes and national numbers, which some carriers want to see as they are. */
const CALLER = /^\+?\d{3,15}$/;

/** As the trunk wants it dialled; null: no telephone number. */
export function dialledNumber(to: string, { numberForm, prefix }: NumberRules): string | null {
  if (!E164.test(to)) return null;
  return prefix + (numberForm === 'plus' ? to : to.slice(1));
}

/** What the phone shows; null: the sender is no number, and there is none instead. */
export function callerOf(from: string, { numberForm, callerId }: NumberRules): string | null {
  const caller = CALLER.test(from) ? from : callerId;
  if (caller === null) return null;
  return numberForm === 'plus' ? caller : caller.replace(/^\+/, '');
}
