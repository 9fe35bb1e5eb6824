import type { OutboundMessage, Provider, SendVerdict } from './provider.ts';
import { reasons } from './reasons.ts';

/** What is used of pino. */
export interface DeliveryLog {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** One try with one provider. Never throws, and ends with the deadline whatever the provider does. */
export async function callProvider(
  provider: Provider,
  message: OutboundMessage,
  deadline: AbortSignal,
  log: DeliveryLog,
): Promise<SendVerdict> {
  if (deadline.aborted) return { kind: 'failed', reason: 'timeout' };
  const { promise: late, resolve } = Promise.withResolvers<SendVerdict>();
  // The request may have left already.
  const giveUp = () => resolve({ kind: 'outcome_unknown', reason: 'timeout' });
  deadline.addEventListener('abort', giveUp, { once: true });
  try {
    return readVerdict(await Promise.race([provider.send(message, deadline), late]));
  } catch (error) {
    // Error messages may quote what was sent; the name of the error does not.
    const name = error instanceof Error ? error.name : typeof error;
    log.error({ provider: provider.name, reference: message.reference, error_name: name }, 'a provider threw');
    return { kind: 'outcome_unknown', reason: 'internal_error' };
  } finally {
    deadline.removeEventListener('abort', giveUp);
  }
}

/** Carriers choose what is in an answer: what could not be stored, or would not be found again, is cut down. */
function readVerdict(verdict: SendVerdict): SendVerdict {
  if (verdict.kind !== 'accepted') {
    const { carrierCode, ...rest } = verdict;
    const reason = verdict.reason in reasons ? verdict.reason : 'unknown';
    return { ...rest, reason, ...(carrierCode !== undefined && { carrierCode: storable(carrierCode, 40) }) };
  }
  const partIds = verdict.partIds?.map((id) => storable(id));
  return { ...verdict, providerId: storable(verdict.providerId), ...(partIds && { partIds }) };
}

const MAX_ID_LENGTH = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: PostgreSQL has no text with NUL in it
const CONTROL = /[\u0000-\u001f\u007f]/g;

const YEAR_10000 = 253_402_300_800_000;

/** A carrier's time, ms; null for one that could not be shown, of another unit for example. */
export function storableTime(at: number | undefined): number | null {
  const rounded = Math.round(at ?? Number.NaN);
  return rounded >= 0 && rounded < YEAR_10000 ? rounded : null;
}

/** Text from outside that goes into the database. */
export function storable(text: string, maxLength = MAX_ID_LENGTH): string {
  return text.toWellFormed().replace(CONTROL, '').slice(0, maxLength);
}
