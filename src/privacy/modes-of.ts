import type { Mode } from '../lib/mode.ts';

/** A live key speaks for everything of its project; a test key is kept with less care, and for test data only. */
export function modesOf(mode: Mode): readonly Mode[] {
  return mode === 'live' ? ['live', 'test'] : ['test'];
}
