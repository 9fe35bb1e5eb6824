import type { AppointmentsSchema } from './appointments.ts';
import type { AutomationsSchema } from './automations.ts';
import type { SendingSchema } from './sending.ts';

type Mode = 'live' | 'test';

export interface CampaignTable {
  id: string;
  project_id: string;
  mode: Mode;
  name: string;
  status: CampaignStatus;
  /** Why it stands as it does, where that was not asked for. */
  reason: string | null;
  channel: 'sms' | 'email' | 'whatsapp' | 'telegram' | 'voice';
  purpose: 'transactional' | 'marketing';
  sender: string | null;
  /** JSON of Audience. */
  audience: string;
  /** JSON of CampaignContent. */
  content: string;
  /** JSON: windows, local time, recurrence, caps. */
  schedule: string | null;
  /** JSON: variants and how the winner is found. */
  experiment: string | null;
  /** From the start, or from when a recipient's turn was planned for. */
  validity_seconds: number;
  per_second: number | null;
  /** Until then its pace is used up. */
  paced_until: number | null;
  /** In millionths of the currency, as are the next ones. */
  spend_cap: number | null;
  spend_currency: string | null;
  /** For what is being handed over. */
  reserved: number;
  spent: number;
  /** The last contact that the snapshot has taken. */
  position: string | null;
  recipients: number;
  /** The highest number that a chunk got. */
  chunks: number;
  /** JSON of Totals, once its recipients have been kept long enough. */
  totals: string | null;
  /** The repeated campaign that it is one time of. */
  series_id: string | null;
  actor: string;
  /** Of a scheduled one. */
  starts_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  created_at: number;
  updated_at: number;
}

export type CampaignStatus =
  | 'draft'
  | 'scheduled'
  /** Its recipients are being written down. */
  | 'preparing'
  | 'running'
  | 'paused'
  | 'completed'
  | 'canceled'
  | 'failed';

export interface CampaignRecipientTable {
  campaign_id: string;
  contact_id: string;
  /** Number of the chunk it waits in, or went with. */
  chunk: number;
  state: RecipientState;
  /** Of one that waits: why, where it is not its chunk's reason. */
  reason: string | null;
  variant: string | null;
  /** Rounds over all providers that ended with nobody having taken it. */
  tries: number;
  /** When its turn was planned for; null: with the start. */
  planned_at: number | null;
  message_id: string | null;
  cost_amount: string | null;
  cost_currency: string | null;
  updated_at: number;
}

export type RecipientState =
  | 'waiting'
  /** A carrier took it; how it went on is the message's to say. */
  | 'sent'
  /** It may have been sent, and is not sent again. */
  | 'unknown'
  | 'failed'
  /** By the person's word or the project's. */
  | 'blocked'
  /** There was nothing to send to or to say. */
  | 'skipped'
  | 'expired'
  | 'canceled';

export interface CampaignChunkTable {
  /** `<campaign>-<number>` */
  id: string;
  campaign_id: string;
  number: number;
  /** `claimed` nothing is with a carrier yet; `handed` some may be. */
  phase: 'waiting' | 'claimed' | 'handed';
  /** The last of its recipients, by id, that may be with a carrier. */
  handed_to: string | null;
  /** Of one that is claimed: the end of the lease. */
  due_at: number;
  /** The fencing number of whoever took it. */
  claim: number;
  /** What was reserved for it, in millionths. */
  reserved: number;
  /** For which of its slices: their numbers, each followed by a comma, after a comma. */
  unsettled: string;
  /** Why all of it waits. */
  reason: string | null;
}

export interface CampaignFiguresTable {
  campaign_id: string;
  kind: 'standings' | 'sums';
  /** The campaign's, as it was counted. */
  status: CampaignStatus;
  /** JSON of Totals[kind]. */
  value: string;
  counted_at: number;
  took_ms: number;
}

export interface CampaignsSchema extends AppointmentsSchema, AutomationsSchema, SendingSchema {
  campaigns: CampaignTable;
  campaign_recipients: CampaignRecipientTable;
  campaign_chunks: CampaignChunkTable;
  campaign_figures: CampaignFiguresTable;
}
