import type { SendVerdict } from '../provider.ts';
import type { Attempt } from '../try-candidates.ts';
import { VERDICT_STATUS } from './message.ts';
import { readPrice } from './price.ts';
import type { AttemptEnded } from './send-log.ts';

/** What a provider said, as it is written. */
export function toEnded(
  messageId: string,
  { number, provider }: Attempt,
  verdict: SendVerdict,
  at: number,
): Omit<AttemptEnded, 'after'> {
  const accepted = verdict.kind === 'accepted' ? verdict : null;
  const refused = verdict.kind === 'accepted' ? null : verdict;
  return {
    kind: 'ended',
    messageId,
    attempt: number,
    provider,
    status: VERDICT_STATUS[verdict.kind],
    reason: refused?.reason ?? null,
    carrierCode: refused?.carrierCode ?? null,
    price: readPrice(accepted?.price),
    mccMnc: accepted?.mccMnc ?? null,
    partIds: accepted ? (accepted.partIds ?? [accepted.providerId]) : [],
    at,
  };
}
