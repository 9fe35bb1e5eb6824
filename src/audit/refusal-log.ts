import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Refusal } from '../http/refusal.ts';
import { type Now, toTimestamp } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import { networkOf } from '../lib/network-of.ts';
import type { AuditEvent, EventType } from './event.ts';
import { toEventRow } from './events-table.ts';
import { originOf } from './request-origin.ts';

/**
 * Refused requests as events, so few that a flood of them fills no disk: of each source the first in a minute is told at
 * once, the others as one event with their number when the minute is over. Of sources beyond MAX_SOURCES only the number
 * is kept. An instance so writes at most some forty events in a minute for each kind of refusal, whoever attacks.
 */
export interface RefusalLog {
  /** Never throws and never waits. */
  note(refusal: Refusal): void;
  /** Tells of what was folded in a minute that is over, and writes what waits. */
  flush(): Promise<void>;
  /** Tells of everything. */
  close(): Promise<void>;
}

export interface RefusalLogDeps {
  db: Database;
  now: Now;
  /** Where refusals are filed that concern no project. */
  project: string;
  background(task: Promise<unknown>): void;
  onError(error: unknown): void;
}

const WINDOW_MS = 60_000;
const MAX_SOURCES = 20;
/** Events that wait for the database; the oldest are given up. */
const MAX_WAITING = 1_000;

const TYPES = {
  authentication: 'authentication.failed',
  authorization: 'authorization.denied',
  rate: 'rate_limit.exceeded',
} as const satisfies Record<Refusal['kind'], EventType>;

/** Refusals of one source, beyond the first one. */
interface Fold {
  /** As of the first one. */
  event: Omit<AuditEvent, 'id' | 'at'>;
  count: number;
  firstAt: number;
  lastAt: number;
}

interface Window {
  endsAt: number;
  folds: Map<string, Fold>;
  /** How many sources of each kind have a fold of their own. */
  sources: Map<string, number>;
}

export function createRefusalLog({ db, now, project, background, onError }: RefusalLogDeps): RefusalLog {
  let window: Window | null = null;
  let waiting: AuditEvent[] = [];
  let writing: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;

  function open(at: number): Window {
    if (window && at < window.endsAt) return window;
    endWindow();
    window = { endsAt: at + WINDOW_MS, folds: new Map(), sources: new Map() };
    return window;
  }

  function endWindow(): void {
    for (const fold of window?.folds.values() ?? []) if (fold.count > 0) wait(foldedEvent(fold));
    window = null;
  }

  function wait(event: AuditEvent): void {
    waiting.push(event);
    if (waiting.length > MAX_WAITING) waiting.shift();
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const events = waiting;
      waiting = [];
      try {
        await insertOnce(db, events);
      } catch (error) {
        waiting = [...events, ...waiting].slice(-MAX_WAITING);
        onError(error);
        return;
      }
    }
  }

  function startWriting(): Promise<void> {
    writing ??= write().finally(() => {
      writing = null;
    });
    return writing;
  }

  async function flush(): Promise<void> {
    if (window && now() >= window.endsAt) endWindow();
    await startWriting();
    if (window || waiting.length > 0) comeBack();
  }

  function comeBack(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      background(flush());
    }, WINDOW_MS).unref();
  }

  return {
    note(refusal) {
      const at = now();
      const { folds, sources } = open(at);
      const event = describe(refusal, project);
      const source = sourceOf(refusal);
      const fold = folds.get(source);
      if (fold) return countIn(fold, at);
      const known = sources.get(event.type) ?? 0;
      if (known >= MAX_SOURCES) return countIn(foldOfOthers(folds, event), at);
      sources.set(event.type, known + 1);
      folds.set(source, { event, count: 0, firstAt: at, lastAt: at });
      const { prefix, request } = refusal;
      const once = { ...(prefix !== undefined && { prefix }), count: 1, request_id: request.id };
      wait({ ...event, id: newId('evt'), at, data: { ...event.data, ...once } });
      background(startWriting());
      comeBack();
    },
    flush,
    async close() {
      clearTimeout(timer);
      endWindow();
      await writing;
      await startWriting();
    },
  };
}

function describe({ kind, reason, mode, key, details, method, route, request }: Refusal, project: string) {
  return {
    type: TYPES[kind],
    project: key?.project ?? project,
    mode,
    actor: key?.id ?? 'unknown',
    client: originOf(request),
    data: { reason, ...details, method, route },
  };
}

/** Made-up keys differ from one another, and are one source all the same. */
function sourceOf({ kind, reason, key, details, request }: Refusal): string {
  return JSON.stringify([kind, reason, key?.id ?? null, networkOf(request.ip), details]);
}

/** All other sources of one project. */
function foldOfOthers(folds: Map<string, Fold>, { type, project, mode }: Fold['event']): Fold {
  const source = JSON.stringify([type, project, mode]);
  const known = folds.get(source);
  if (known) return known;
  const event = { type, project, mode, actor: 'unknown', data: { reason: 'other_sources' } };
  const made: Fold = { event, count: 0, firstAt: 0, lastAt: 0 };
  folds.set(source, made);
  return made;
}

function countIn(fold: Fold, at: number): void {
  if (fold.count === 0) fold.firstAt = at;
  fold.count += 1;
  fold.lastAt = at;
}

function foldedEvent({ event, count, firstAt, lastAt }: Fold): AuditEvent {
  const folded = { count, first_at: toTimestamp(firstAt), last_at: toTimestamp(lastAt) };
  return { ...event, id: newId('evt'), at: lastAt, data: { ...event.data, ...folded } };
}

/** A write whose outcome was not heard is repeated. */
async function insertOnce(db: Database, events: readonly AuditEvent[]): Promise<void> {
  await writeTransaction(db, {}, (trx) =>
    trx
      .insertInto('events')
      .values(events.map(toEventRow))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute(),
  );
}
