import type { MessageTable } from '../../db/schema.ts';

/** What every message has before its first try. */
export const UNSENT = {
  content: null,
  encoding: null,
  segments: null,
  mcc_mnc: null,
  reason: null,
  carrier_code: null,
  provider: null,
  route: null,
  attempts: 0,
  cost_amount: null,
  cost_currency: null,
  metadata: null,
  send_at: null,
  due_at: null,
} as const satisfies Partial<MessageTable>;
