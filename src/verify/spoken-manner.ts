import type { VoicePolicy } from './policy.ts';

/** How a call says a code. */
export interface SpokenManner {
  /** The code is said only to who presses this key. Null: to whoever answers. */
  pressKey: string | null;
  repeats: number;
  pace: number;
  voice: string | null;
  brand: string | null;
}

/** As the policy has it by default: most challenges need not carry it. */
export const USUAL_MANNER: SpokenManner = { pressKey: '1', repeats: 2, pace: 1, voice: null, brand: null };

export function mannerOf({ press_key, ...rest }: VoicePolicy): { voice?: SpokenManner } {
  const voice: SpokenManner = { pressKey: press_key === 'none' ? null : press_key, ...rest };
  const names = Object.keys(USUAL_MANNER) as (keyof SpokenManner)[];
  return names.every((name) => voice[name] === USUAL_MANNER[name]) ? {} : { voice };
}
