import type { Database } from '../../db/open.ts';
import type { Mode } from '../../lib/mode.ts';
import type { PlacedNumber } from '../windows/place.ts';
import type { CampaignRow } from './campaign.ts';

/** What is known of a recipient when it is asked whether its turn has come. */
export interface Candidate {
  contactId: string;
  mode: Mode;
  /** ISO 3166-1 alpha-2, of the contact. */
  country: string | null;
  timeZone: string | null;
  /** As in the contact's row: a zone that was inferred is a guess. */
  timeZoneSource: 'given' | 'inferred' | null;
  /** When its turn was planned for before; null: never. */
  plannedAt: number | null;
  /** Null for other channels. */
  number: PlacedNumber | null;
}

/** Of one recipient. */
export type Turn =
  /** `variant`: which words it gets. */
  | { kind: 'now'; variant?: string }
  /** `planned`: its validity counts from then. */
  | { kind: 'later'; at: number; reason: string; planned?: boolean }
  | { kind: 'never'; state: 'blocked' | 'skipped'; reason: string };

/** Whether the recipients of a chunk may be sent something now: one answer for each, in order. */
export type TakeTurns = (
  db: Database,
  campaign: CampaignRow,
  candidates: readonly Candidate[],
  now: number,
) => Promise<readonly Turn[]>;
