import type { AuditEvent, ClientInfo, EventType, Mode } from '../event.ts';
import type { RawEntry } from './streams.ts';

const NONE = '-';

/** One entry of a shard's stream, as the scripts in db/lua append it. */
export interface Entry {
  raw: RawEntry;
  event: AuditEvent | null;
  /** Redis had let go of the event's verification, so that its place among the others of it is not known yet. */
  late: boolean;
  /** With the event that created a verification, and with some others: what never changes of it. */
  facts: Facts | null;
  /** The verification after the event. */
  snapshot: Snapshot | null;
  budgets: BudgetState[];
}

/** Of the facts: what is needed here. */
export interface Facts {
  id: string;
  project: string;
  mode: Mode;
  /** E.164. */
  to: string;
  recipientHash: string;
  masked: string;
  purpose: string;
  client: ClientInfo;
  createdAt: number;
  expiresAt: number;
  /** All of them. */
  json: string;
}

export interface Snapshot {
  status: string;
  attempts: number;
  judged: number;
  step: number;
  nextSendAt: number | null;
  endedAt: number | null;
  rev: number;
  /** Number of events so far. */
  sequence: number;
  approvedBy: string | null;
  /** JSON. */
  sends: string;
}

export interface BudgetState {
  key: string;
  failures: number;
  startedAt: number;
  lockedUntil: number;
  inARow: number;
  /** Only grows; the newest state of a budget is the true one. */
  version: number;
}

/** Throws on anything but what the scripts write. */
export function parseEntry(raw: RawEntry): Entry {
  const { fields } = raw;
  const entry: Entry = { raw, event: null, late: false, facts: null, snapshot: null, budgets: [] };
  let event: Partial<AuditEvent> | undefined;
  let data: Record<string, unknown> | undefined;
  let type: EventType | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name = '', value = ''] = [fields[i], fields[i + 1]];
    if (name === 'e') event = JSON.parse(value);
    else if (name === 'x') data = JSON.parse(value);
    else if (name === 't') type = value as EventType;
    else if (name === 's') entry.snapshot = parseSnapshot(value);
    else if (name === 'l') entry.late = true;
    else if (name === 'f') entry.facts = { ...JSON.parse(value), json: value };
    else if (name.startsWith('b:')) entry.budgets.push(parseBudget(name.slice(2), value));
    else throw new Error(`unknown field ${name}`);
  }
  if (event) {
    const own = { ...event, ...(type !== undefined && { type }), data: { ...event.data, ...data } };
    entry.event = toEvent(own, entry);
  }
  return entry;
}

function toEvent(own: Partial<AuditEvent>, { facts, snapshot }: Entry): AuditEvent {
  const event = (facts ? completed(own, facts, snapshot !== null) : own) as AuditEvent;
  const texts = [event.id, event.type, event.project, event.mode, event.actor];
  if (
    !texts.every((text) => typeof text === 'string') ||
    typeof event.at !== 'number' ||
    typeof event.data !== 'object'
  ) {
    throw new Error('not an event');
  }
  return snapshot ? { ...event, sequence: snapshot.sequence } : event;
}

/** Beside the facts an event leaves out what they say. A verification that was refused before it began is not named. */
function completed(event: Partial<AuditEvent>, facts: Facts, exists: boolean): Partial<AuditEvent> {
  return {
    ...event,
    project: facts.project,
    mode: facts.mode,
    ...(exists && { verificationId: facts.id }),
    recipient: { masked: facts.masked, hash: facts.recipientHash },
    ...(Object.keys(facts.client).length > 0 && { client: facts.client }),
    data: { purpose: facts.purpose, ...event.data },
  };
}

/** The end of a challenge's state, as db/lua/lib-challenge.lua writes it. */
function parseSnapshot(text: string): Snapshot {
  const words = text.split(' ');
  const [status = '', attempts, judged, step, next, , ended, rev, sequence, by] = words;
  const sends = words.slice(10).join(' ');
  const numbers = [attempts, judged, step, rev, sequence].map(Number);
  if (!numbers.every(Number.isSafeInteger) || !sends.startsWith('[')) throw new Error(`not a snapshot: ${text}`);
  return {
    status,
    attempts: Number(attempts),
    judged: Number(judged),
    step: Number(step),
    nextSendAt: toTime(next),
    endedAt: toTime(ended),
    rev: Number(rev),
    sequence: Number(sequence),
    approvedBy: by === NONE ? null : (by ?? null),
    sends,
  };
}

function toTime(word: string | undefined): number | null {
  return word === undefined || word === NONE ? null : Number(word);
}

function parseBudget(key: string, state: string): BudgetState {
  const numbers = state.split(':').map(Number);
  if (numbers.length !== 5 || !numbers.every(Number.isSafeInteger))
    throw new Error(`not the state of a budget: ${state}`);
  const [failures, startedAt, lockedUntil, inARow, version] = numbers as [number, number, number, number, number];
  return { key, failures, startedAt, lockedUntil, inARow, version };
}
