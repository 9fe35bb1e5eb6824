import type { ChallengeStore } from './store.ts';

/** The store, with the steps that somebody waits for a code for made known while they are under way. */
export function watchSteps<Store extends ChallengeStore>(
  store: Store,
  watch: <T>(step: Promise<T>) => Promise<T>,
): Store {
  return {
    ...store,
    create: (...step) => watch(store.create(...step)),
    spend: (...step) => watch(store.spend(...step)),
    fail: (...step) => watch(store.fail(...step)),
    consume: (...step) => watch(store.consume(...step)),
    advance: (...step) => watch(store.advance(...step)),
  };
}
