import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import type { RouteDecision } from '../routing/router.ts';

/** What is kept of a decision, and shown: who could have carried the message, in which order, and who could not. */
export const RouteSchema = Type.Object(
  {
    table_version: Type.Integer({ description: 'Of the routing table; 0 where none is configured.' }),
    rule: Type.Union([Type.String(), Type.Null()]),
    strategy: Type.String(),
    explored: Type.Optional(Type.Boolean({ description: 'The first was chosen to learn how it does now.' })),
    candidates: Type.Array(
      Type.Object(
        {
          provider: Type.String(),
          sender: Type.String(),
          expected_cost: Type.Union([
            Type.Object({ amount: Type.String(), currency: Type.String() }, closed),
            Type.Null(),
          ]),
        },
        closed,
      ),
    ),
    skipped: Type.Array(Type.Object({ provider: Type.String(), why: Type.String() }, closed)),
    receipt_timeout_seconds: Type.Number(),
    failover_after_seconds: Type.Union([Type.Number(), Type.Null()]),
    failover_on_receipt: Type.Boolean(),
  },
  closed,
);
export type RouteRecord = Static<typeof RouteSchema>;

export function describeRoute(decision: RouteDecision): string {
  const record: RouteRecord = {
    table_version: decision.version,
    rule: decision.rule,
    strategy: decision.strategy,
    ...(decision.explored && { explored: true }),
    candidates: decision.candidates.map(({ provider, sender, cost }) => ({ provider, sender, expected_cost: cost })),
    skipped: decision.skipped.map(({ provider, why }) => ({ provider, why })),
    receipt_timeout_seconds: decision.receiptTimeoutSeconds,
    failover_after_seconds: decision.failoverAfterSeconds,
    failover_on_receipt: decision.failoverOnReceipt,
  };
  return JSON.stringify(record);
}

export function readRoute(json: string | null): RouteRecord | null {
  return json === null ? null : (JSON.parse(json) as RouteRecord);
}

/** When a message that a carrier took is looked at again: for its next provider, or as unknown. */
export function receiptDueAt(
  {
    receiptTimeoutSeconds,
    failoverAfterSeconds,
  }: Pick<RouteDecision, 'receiptTimeoutSeconds' | 'failoverAfterSeconds'>,
  sentAt: number,
): number {
  return sentAt + Math.min(receiptTimeoutSeconds, failoverAfterSeconds ?? Infinity) * 1000;
}
