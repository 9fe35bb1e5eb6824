import type { Tag } from '../../db/redis/keys.ts';
import type { RedisLog } from '../../db/redis.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import { type Entry, parseEntry } from './entry.ts';
import { type RawEntry, READ_COUNT, type Streams } from './streams.ts';
import type { WriteRecords } from './write-entries.ts';

export interface Portion {
  /** Entries carried over or put aside. */
  handled: number;
  /** Shards that may hold more. */
  more: Tag[];
}

/** Carries some of what waits in these shards over into SQL. */
export async function recordPortion(
  streams: Streams,
  writeRecords: WriteRecords,
  of: readonly Tag[],
  log?: RedisLog,
): Promise<Portion> {
  const found = await streams.read(of);

  async function putAside(entry: RawEntry, error: unknown): Promise<void> {
    log?.warn({ err: error, entry: entry.id }, 'an event cannot be recorded; it is put aside');
    await streams.putAside(entry, String(error));
  }

  /** An entry that SQL will not take is found by halving, so that it holds nothing else up. */
  async function write(entries: readonly Entry[]): Promise<void> {
    const [first] = entries;
    if (!first) return;
    try {
      await writeRecords(entries);
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      if (entries.length === 1) return putAside(first.raw, error);
      const half = Math.ceil(entries.length / 2);
      await write(entries.slice(0, half));
      return write(entries.slice(half));
    }
    await streams.remove(entries.map(({ raw }) => raw));
  }

  const entries: Entry[] = [];
  for (const raw of found) {
    try {
      entries.push(parseEntry(raw));
    } catch (error) {
      await putAside(raw, error);
    }
  }
  await write(entries);
  const counts = Map.groupBy(found, ({ tag }) => tag);
  return { handled: found.length, more: of.filter((tag) => (counts.get(tag)?.length ?? 0) >= READ_COUNT) };
}
