import type { AuditEvent, EventType } from '../event.ts';
import type { RawEntry } from './streams.ts';

/** One entry of a shard's stream, as the scripts in db/lua append it. */
export interface Entry {
  raw: RawEntry;
  event: AuditEvent | null;
  /** Redis had let go of the event's verification, so that its place among the others of it is not known yet. */
  late: boolean;
  /** With the event that created a verification: what never changes of it, as JSON. */
  facts: string | null;
  /** The verification after the event. */
  snapshot: Snapshot | null;
  budgets: BudgetState[];
}

export interface Snapshot {
  status: string;
  attempts: number;
  judged: number;
  step: number;
  nextSendAt: number | null;
  endedAt: number | null;
  rev: number;
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
  let data: Record<string, unknown> | undefined;
  let type: EventType | undefined;
  let sequence: number | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name = '', value = ''] = [fields[i], fields[i + 1]];
    if (name === 'e') entry.event = parseEvent(value);
    else if (name === 'x') data = JSON.parse(value);
    else if (name === 't') type = value as EventType;
    else if (name === 'q') sequence = Number(value);
    else if (name === 's') entry.snapshot = parseSnapshot(value);
    else if (name === 'l') entry.late = true;
    else if (name === 'c') entry.facts = value;
    else if (name.startsWith('b:')) entry.budgets.push(parseBudget(name.slice(2), value));
    else throw new Error(`unknown field ${name}`);
  }
  if (entry.event) {
    if (data) entry.event.data = { ...entry.event.data, ...data };
    if (type !== undefined) entry.event.type = type;
    if (sequence !== undefined) entry.event.sequence = sequence;
  }
  return entry;
}

function parseEvent(json: string): AuditEvent {
  const event = JSON.parse(json) as AuditEvent;
  const texts = [event.id, event.type, event.project, event.mode, event.actor];
  if (
    !texts.every((text) => typeof text === 'string') ||
    typeof event.at !== 'number' ||
    typeof event.data !== 'object'
  ) {
    throw new Error('not an event');
  }
  return event;
}

function parseSnapshot(json: string): Snapshot {
  const [status, attempts, judged, step, nextSendAt, endedAt, rev, approvedBy, sends] = JSON.parse(json);
  return { status, attempts, judged, step, nextSendAt, endedAt, rev, approvedBy, sends: JSON.stringify(sends) };
}

function parseBudget(key: string, state: string): BudgetState {
  const numbers = state.split(':').map(Number);
  if (numbers.length !== 5 || !numbers.every(Number.isSafeInteger))
    throw new Error(`not the state of a budget: ${state}`);
  const [failures, startedAt, lockedUntil, inARow, version] = numbers as [number, number, number, number, number];
  return { key, failures, startedAt, lockedUntil, inARow, version };
}
