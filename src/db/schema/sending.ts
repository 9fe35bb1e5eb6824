type Mode = 'live' | 'test';

export interface CampaignConversionTable {
  campaign_id: string;
  /** The app's own name of it: the same again is the same conversion. */
  reference: string;
  contact_id: string;
  variant: string | null;
  value_amount: string | null;
  value_currency: string | null;
  at: number;
  created_at: number;
}

export interface SendingSchema {
  /** `rules`: JSON of ProjectRules. */
  sending_rules: { project_id: string; mode: Mode; rules: string; updated_at: number };
  contact_frequency: {
    contact_id: string;
    purpose: 'transactional' | 'marketing';
    /** Newest first, 43 characters each: when (ms, 13 digits), and the id of what it was for. */
    sends: string;
    updated_at: number;
  };
  campaign_conversions: CampaignConversionTable;
}
