import { createLoop, type Loop } from '../../lib/loop.ts';

export interface LogKeeperOptions {
  /** Null: another process is at it. */
  sealPortion(): Promise<number | null>;
  /** Signs the log when it is time. */
  signIfDue(): Promise<unknown>;
  onError(error: unknown): void;
}

/** Between looks: other processes' commits wake nobody here. */
const LOOK_MS = 250;
/** Events gather for so long: a portion of many costs little more than one of a few. */
const GATHER_MS = 50;

/** Seals and signs in every process with workers: any number of them may. */
export function createLogKeeper({ sealPortion, signIfDue, onError }: LogKeeperOptions): Loop {
  return createLoop({
    async turn() {
      const sealed = await sealPortion();
      await signIfDue();
      // Where there was something there will be more.
      return sealed ? GATHER_MS : LOOK_MS;
    },
    onError,
    gatherMs: GATHER_MS,
  });
}
