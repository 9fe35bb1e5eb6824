import type { MessageRow } from './load.ts';

/** When a message may be sent, `now` or later; messaging knows. Infinity: never. */
export type MessageWindow = (
  message: Pick<
    MessageRow,
    'project_id' | 'mode' | 'channel' | 'purpose' | 'recipient' | 'country' | 'contact_id' | 'campaign_id'
  >,
  now: number,
) => Promise<number>;
