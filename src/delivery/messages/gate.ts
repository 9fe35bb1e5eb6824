import type { CompiledQuery } from 'kysely';
import type { Channel } from '../../lib/channels.ts';
import type { Mode } from '../../lib/mode.ts';
import type { Purpose } from '../provider.ts';
import type { Reason } from '../reasons.ts';

/** What delivery asks and tells of who may be sent something; messaging/consent knows. */
export interface Consent {
  gate: MessageGate;
  /** The same for codes: answers in time, and lets them go when it cannot know. */
  codeGate: MessageGate;
  keepOptOuts: KeepOptOuts;
}

export interface GateQuestion {
  project: string;
  mode: Mode;
  channel: Channel;
  purpose: Purpose;
  addressHash: string;
  /** Null: not chosen yet. */
  sender: string | null;
}

/** Why not, one answer for each question; null: it may go. */
export type MessageGate = (questions: readonly GateQuestion[]) => Promise<(Reason | null)[]>;

export interface OptOut {
  project: string;
  mode: Mode;
  channel: Channel;
  address: string;
  addressHash: string;
  /** `key`: pressed in a call, so that nothing but codes is to come. `carrier`: it refuses us this sender. */
  by: 'key' | 'carrier';
  sender: string;
  messageId: string;
}

/** Answers with the messages of those that are new. Null: nothing to do. */
export type KeepOptOuts = (optOuts: readonly OptOut[], now: number) => CompiledQuery<{ cause: string }> | null;
