import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/open.ts';
import type { MessageGate } from '../../delivery/messages/gate.ts';
import type { MessageWindow } from '../../delivery/messages/message-window.ts';
import type { BulkSender } from '../../delivery/messages/send-bulk.ts';
import type { Shortener } from '../../delivery/messages/short-links.ts';
import type { Now } from '../../lib/clock.ts';
import { type CampaignRow, RESERVE_MS } from './campaign.ts';
import type { LeasedChunk } from './chunks.ts';
import type { SaveOutcomes } from './outcomes.ts';
import type { Slices } from './slices.ts';
import type { TakeTurns } from './take-turns.ts';
import type { Script } from './word-recipient.ts';

/** What chunks are worked on with. */
export interface ChunkDeps {
  db: Database;
  bulk: BulkSender;
  gate: MessageGate;
  /** Asked before another carrier is tried. */
  window: MessageWindow;
  shortener: Shortener | null;
  takeTurns: TakeTurns;
  /** Null: it cannot be said any more; the reason is the campaign's. */
  scriptOf(campaign: CampaignRow, variant: string | null): Promise<Script | { refused: string }>;
  takePace(db: Database, campaign: CampaignRow, now: number): Promise<{ count: number; askAt: number }>;
  saveOutcomes: SaveOutcomes;
  slices: Slices;
  /** Whether the campaign goes on, as far as this process knows. */
  isGoing(campaign: string): boolean;
  /** It cannot go on by itself. */
  halt(campaign: CampaignRow, reason: string): Promise<void>;
  now: Now;
}

/** What recipients that are left wait for, and until when. */
export interface Rest {
  dueAt: number;
  reason: string | null;
}

/** While every provider rests. */
export const REST_MS = 5_000;
/** Rates are asked again after that at the earliest. */
const LEAST_WAIT_MS = 50;

export const waitOf = (ms: number) => Math.max(LEAST_WAIT_MS, Math.min(ms, REST_MS));

/** Whether a hand-over may still begin under this lease. */
export function mayBegin({ now, isGoing }: ChunkDeps, { campaign_id, leasedUntil }: LeasedChunk): boolean {
  return now() < leasedUntil - RESERVE_MS && isGoing(campaign_id);
}

/** What a carrier has said must not be forgotten for the database's sake. */
export async function insist(write: () => Promise<void>, { now }: ChunkDeps, { leasedUntil }: LeasedChunk) {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (now() > leasedUntil) throw error;
      await sleep(250);
    }
  }
}
