import type { Database } from '../../db/open.ts';
import type { MessageCaller, MessageInput, MessageInserts, Prepared } from '../../delivery/messages/create.ts';
import type { Channel } from '../../lib/channels.ts';
import { parsePhone } from '../../lib/phone.ts';
import type { AddressKind, AttributeValue } from '../contacts/contact.ts';
import { takeFrequency } from '../windows/frequency.ts';
import { nextAllowedAt } from '../windows/next-allowed-at.ts';
import { placesOf } from '../windows/place.ts';
import { readSendingRules } from '../windows/sending-rules.ts';
import type { StepResult } from './advance.ts';
import type { SendStep, Turn, VariableSource } from './automation.ts';
import { isScalar, readPath } from './match-event.ts';

export interface SendDeps {
  db: Database;
  messages: MessageInserts;
  /** How the project has its messages made. */
  callerOf(project: string): Promise<Pick<MessageCaller, 'calls' | 'templateReview'>>;
}

/** By which of its addresses a contact is reached. */
export const KIND_OF: Record<Channel, AddressKind> = {
  sms: 'phone',
  voice: 'phone',
  email: 'email',
  whatsapp: 'whatsapp',
  telegram: 'telegram',
};

type Variables = NonNullable<MessageInput['variables']>;

/** The message is this step's: whoever does it again makes the same one. */
export async function sendMessage(
  { db, messages, callerOf }: SendDeps,
  { run, contact: { row, addresses }, now }: Turn,
  step: SendStep,
): Promise<StepResult> {
  const { type, name, next, on_failure: onFailure = 'stop', variables, ...words } = step;
  const failed = (reason: string): StepResult => ({
    ...{ kind: 'done', outcome: 'failed', reason },
    fails: onFailure === 'stop',
  });
  const to = addresses[KIND_OF[step.channel]];
  if (to === undefined) return { kind: 'done', outcome: 'skipped', reason: 'no_address' };
  const { project_id: project, mode } = run;
  const purpose = step.purpose ?? 'marketing';
  const { timeZone, windows, frequencyCaps } = await readSendingRules(db.kysely, { project, mode });
  const rules = { timeZone, layers: [windows] };
  const number = addresses.phone === undefined ? null : parsePhone(addresses.phone);
  const allowedAt = nextAllowedAt({ places: placesOf(row, number), channel: step.channel, purpose, now, rules });
  if (allowedAt === null) return failed('no_window');
  if (allowedAt > now) return { kind: 'later', dueAt: allowedAt, waitingFor: 'quiet_hours' };
  const attributes = JSON.parse(row.attributes) as Record<string, AttributeValue>;
  const data: unknown = run.data === null ? {} : JSON.parse(run.data);
  const input: MessageInput = {
    ...words,
    to,
    purpose,
    ...(variables && { variables: fill(variables, attributes, data) }),
    ...(row.locale !== null && { locale: row.locale }),
    metadata: { automation_id: run.automation_id, run_id: run.id },
  };
  const caller: MessageCaller = { project, mode, actor: 'system', ...(await callerOf(project)) };
  const prepared = await messages.prepare(caller, input, now, `automation\0${run.id}\0${run.steps}`);
  if (prepared.kind !== 'prepared') return failed(reasonOf(prepared));
  const { rows, statements } = await messages.inserts([
    { ...prepared.message, row: { ...prepared.message.row, contact_id: row.id } },
  ]);
  const { id, status, reason } = rows[0] ?? prepared.message.row;
  if (status === 'blocked') {
    return { kind: 'done', outcome: 'blocked', ...(reason !== null && { reason }), messageId: id, statements };
  }
  // The message has one id, whoever makes it: asked again after a crash it does not count again.
  const capped = await takeFrequency(db, frequencyCaps, { purpose, id }, [row.id], now);
  const cappedUntil = capped.get(row.id);
  if (cappedUntil !== undefined) return { kind: 'later', dueAt: cappedUntil, waitingFor: 'frequency_cap' };
  return { kind: 'done', outcome: 'sent', messageId: id, statements };
}

/** What is not there is left out: the template has a default for it, or the step fails. */
function fill(sources: Record<string, VariableSource>, attributes: object, data: unknown): Variables {
  const filled = Object.entries(sources).flatMap(([name, source]): [string, Variables[string]][] => {
    const value = resolve(source, attributes, data);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(filled);
}

function resolve(source: VariableSource, attributes: object, data: unknown): Variables[string] | undefined {
  if (typeof source !== 'object' || 'amount' in source) return source;
  const found = 'attribute' in source ? readPath(attributes, source.attribute) : readPath(data, source.data);
  const value = isScalar(found) ? found : source.default;
  return typeof value === 'boolean' ? String(value) : value;
}

function reasonOf(refused: Exclude<Prepared, { kind: 'prepared' }>): string {
  switch (refused.kind) {
    case 'invalid':
      return `${refused.pointer} ${refused.message}`.slice(0, 200);
    case 'invalid_words': {
      const [first] = refused.errors;
      return first ? `${first.pointer} ${first.message}`.slice(0, 200) : refused.kind;
    }
    case 'forbidden':
      return refused.detail;
    default:
      return refused.kind;
  }
}
