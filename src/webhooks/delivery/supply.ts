import type { AuditEvent } from '../../audit/event.ts';
import type { FeedEntry } from '../../audit/feed.ts';
import type { Now } from '../../lib/clock.ts';
import type { Target } from './attempt.ts';
import type { Cursor } from './claim-endpoints.ts';
import { type Delivery, newDelivery } from './delivery.ts';
import { wantsEvent } from './matches.ts';
import type { ReadWork, Replay } from './read-work.ts';
import type { Outcomes } from './save-outcomes.ts';
import { createWatermark, type Watermark } from './watermark.ts';

/** A delivery to be attempted. */
export interface Item {
  delivery: Delivery;
  /** Null: deleted. */
  event: AuditEvent | null;
  /** Its time has come; the others were just read from the log. */
  isRetry: boolean;
}

/** Where an endpoint's deliveries come from: retries that are due, then what was asked for again, then the log. */
export interface Supply {
  /** `blocked`: objects of which something waits for a retry. */
  next(target: Target): Promise<{ found: Item[]; blocked: string[] }>;
  /** These are written with the answer: everything in the log before it has ended. */
  end(indexes: readonly number[]): number;
  replays(): Outcomes['replays'];
  /** They are in the database. */
  saved(indexes: readonly number[]): void;
}

interface Reading {
  replay: Replay;
  mark: Watermark;
}

const CHUNK = 100;

/** `size`: of the log. */
export function createSupply(read: ReadWork, cursor: Cursor, now: Now, size: () => number): Supply {
  const id = cursor.endpoint_id;
  const log = createWatermark(cursor.next);
  /** Handed out, and not in the database as they are now. */
  const active = new Set<number>();
  /** Those of them when the database was last asked: its answer may be older than what was written meanwhile. */
  let activeBefore: ReadonlySet<number> = active;
  let replays: Reading[] = [];
  let lastDelivery: number | null = null;

  const isActive = (index: number) => active.has(index) || activeBefore.has(index);

  async function retries(): Promise<Item[]> {
    const rows = await read.due(id, now(), CHUNK + active.size);
    const due = rows.filter(({ log_index }) => !isActive(log_index)).slice(0, CHUNK);
    const entries = await read.entriesAt(due.map(({ log_index }) => log_index));
    const events = new Map(entries.map(({ logIndex, event }) => [logIndex, event]));
    return due.map((delivery) => ({ delivery, event: events.get(delivery.log_index) ?? null, isRetry: true }));
  }

  /** `known`: up to there deliveries may have rows. */
  async function fromLog(
    target: Target,
    mark: Watermark,
    { before, known }: { before: number; known: number },
    toItem: (entry: FeedEntry, event: AuditEvent, there: Delivery | undefined) => Item | null,
  ): Promise<Item[]> {
    while (mark.readTo < before) {
      const from = mark.readTo;
      const entries = await read.log(target, { from, before, limit: CHUNK });
      const to = entries.length < CHUNK ? before : (entries.at(-1)?.logIndex ?? before) + 1;
      const there = from <= known ? await read.deliveriesIn(id, { from, before: to }) : new Map<number, Delivery>();
      const items = entries.flatMap((entry) => {
        const { event, logIndex } = entry;
        if (event === null || isActive(logIndex) || !wantsEvent(target, event)) return [];
        return toItem(entry, event, there.get(logIndex)) ?? [];
      });
      for (const { delivery } of items) mark.begin(delivery.log_index);
      mark.readTo = to;
      if (items.length > 0) return items;
    }
    return [];
  }

  const fresh = (target: Target, { logIndex }: FeedEntry, event: AuditEvent): Item => ({
    delivery: newDelivery(target, logIndex, event, now()),
    event,
    isRetry: false,
  });

  async function fromReplays(target: Target): Promise<Item[]> {
    if (replays.length === 0) {
      const asked = await read.replays(id);
      replays = asked.map((replay) => ({ replay, mark: createWatermark(replay.next) }));
    }
    for (const { replay, mark } of replays) {
      const items = await fromLog(
        target,
        mark,
        { before: replay.until, known: replay.until },
        (entry, event, there) => {
          if (entry.at < replay.since) return null;
          if (!there) return fresh(target, entry, event);
          const again: Delivery = { ...there, status: 'pending', step: 0, asked: there.asked + 1 };
          return there.status === 'exhausted' ? { delivery: again, event, isRetry: false } : null;
        },
      );
      if (items.length > 0) return items;
    }
    return [];
  }

  async function find(target: Target): Promise<Item[]> {
    const due = await retries();
    if (due.length > 0) return due;
    const again = await fromReplays(target);
    if (again.length > 0) return again;
    // Who had the endpoint before may have got further than its cursor.
    lastDelivery ??= await read.lastDelivery(id);
    return fromLog(target, log, { before: size(), known: lastDelivery }, (entry, event, there) =>
      there ? null : fresh(target, entry, event),
    );
  }

  return {
    async next(target) {
      activeBefore = new Set(active);
      const found = await find(target);
      for (const { delivery } of found) active.add(delivery.log_index);
      const objects = found.flatMap(({ delivery, isRetry }) => (isRetry ? [] : (delivery.object_id ?? [])));
      return { found, blocked: await read.waitingObjects(id, [...new Set(objects)]) };
    },
    end(indexes) {
      for (const mark of [log, ...replays.map((reading) => reading.mark)]) for (const index of indexes) mark.end(index);
      return log.low();
    },
    replays() {
      const read = replays.map(({ replay: { since, until }, mark }) => ({ since, until, next: mark.low() }));
      replays = replays.filter(({ replay, mark }) => mark.low() < replay.until);
      return read;
    },
    saved(indexes) {
      for (const index of indexes) active.delete(index);
    },
  };
}
