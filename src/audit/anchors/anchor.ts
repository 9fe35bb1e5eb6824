import type { HttpClient } from '../../lib/http-client.ts';
import type { Checkpoint } from '../log/checkpoints.ts';

/** A place outside where checkpoints are kept: what is there already must never change. */
export interface Anchor {
  /** Puts checkpoints there, in order; those that are there already stay. Throws when it cannot. */
  put(checkpoints: readonly Checkpoint[], signal: AbortSignal): Promise<void>;
  /** How many it takes at once. */
  batch: number;
}

export interface AnchorDeps {
  http: HttpClient;
}

export interface AnchorType<Config> {
  /** Of its configuration without name and type. */
  schema: object;
  create(config: Config, deps: AnchorDeps): Anchor;
}

/**
 * Another checkpoint of this number is there. Either the database was set back to an older state, or somebody else
 * writes to this place.
 */
export class AnchorConflict extends Error {
  override readonly name = 'AnchorConflict';
  constructor(number: number) {
    super(`another checkpoint ${number} is there already: the log was set back, or there are two`);
  }
}
