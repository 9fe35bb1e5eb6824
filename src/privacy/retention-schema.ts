import { type Static, Type } from 'typebox';
import { closed } from '../http/schemas.ts';
import type { FieldError } from '../lib/errors.ts';

const days = (description: string, days: number) =>
  Type.Union([Type.Integer({ minimum: 1, maximum: 36_500 }), Type.Null()], { default: days, description });

/** The configuration file's `retention`. Null: for good. */
export const RetentionSchema = Type.Object(
  {
    events_days: days('Events.', 400),
    event_families: Type.Record(
      Type.String({ pattern: '^[a-z_]{1,40}$' }),
      Type.Union([Type.Integer({ minimum: 1, maximum: 36_500 }), Type.Null()]),
      { default: {}, additionalProperties: false, description: 'Events of some families, where that differs.' },
    ),
    client_days: days('Addresses and user agents in events.', 90),
    verifications_days: days('Verifications, with the full number.', 90),
    messages_days: days('Messages, with tries and receipts.', 90),
    inbound_days: days('Messages from phones, conversations, answers to surveys.', 90),
    webhook_deliveries_days: days('What became of webhooks.', 30),
  },
  { ...closed, default: {} },
);
export type Retention = Static<typeof RetentionSchema>;

/** They explain what is missing from the log and who signs it, and are about nobody. */
export const KEPT_FAMILIES = ['erasure', 'retention', 'audit_key'] as const;

export function checkRetention({ client_days, verifications_days, event_families }: Retention): FieldError[] {
  const errors: FieldError[] = [];
  if ((verifications_days ?? Infinity) > (client_days ?? Infinity)) {
    const message = 'must not be longer than client_days: verifications hold the client’s address too';
    errors.push({ pointer: '/verifications_days', message });
  }
  for (const family of KEPT_FAMILIES) {
    if (event_families[family] === undefined) continue;
    errors.push({ pointer: `/event_families/${family}`, message: 'is kept for good: who judges the log needs it' });
  }
  return errors;
}
