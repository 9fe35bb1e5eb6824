import type { Mode } from './mode.ts';

/** A person, by a number or an e-mail address, and how far a request about them reaches. */
export interface Subject {
  /** Keyed: what rows are filed under. */
  hash: string;
  /** Null: of every project. */
  project: string | null;
  modes: readonly Mode[];
  /** Whether this spelling of a number or an address is theirs. */
  isAddress(text: string): boolean;
}

export interface Erasure extends Subject {
  id: string;
  /** Who asked for it. */
  actor: string;
  /** ms, inclusive. What began later is another matter: the person may have come back. */
  until: number;
}

/** What a feature keeps of persons, and how it is destroyed. Every step may be run again. */
export interface Eraser {
  /** Of what it erases, as reports name it. */
  name: string;
  /** Ends what is under way and would write of the person again. */
  callOff?(erasure: Erasure, now: number): Promise<void>;
  /** `claim` is told the verifications and messages before they go, so that what comes of them later is known to be theirs. */
  erase(erasure: Erasure, claim: (ids: readonly string[]) => Promise<void>, now: number): Promise<Erased>;
}

export interface Erased {
  count: number;
  /** Something is being worked on right now: come again. */
  unfinished?: boolean;
}

/** One thing kept of a person, for their copy. */
export interface SubjectRecord {
  kind: string;
  record: object;
}

export type Collect = (subject: Subject) => AsyncIterable<SubjectRecord>;
