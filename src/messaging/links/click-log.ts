import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { rowSet } from '../../db/row-set.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { encodeId } from '../../lib/ids.ts';
import type { ClickKind } from './judge-click.ts';
import type { LinkRow } from './link.ts';

/** Clicks are gathered, and written behind the answers: no reader waits for the database. */
export interface ClickLog {
  note(link: string, kind: ClickKind, visitor: string, at: number): void;
  /** Writes what was gathered. */
  flush(): Promise<void>;
  start(): void;
  /** Writes the rest. */
  close(): Promise<void>;
}

export interface ClickLogDeps {
  db: Database;
  onError(error: unknown): void;
}

interface Gathered {
  clicks: number;
  humans: number;
  firstAt: number | null;
  lastAt: number;
  visitors: Map<string, number>;
}

const FLUSH_MS = 500;
/** Links gathered while the database is away; more clicks are not counted then. */
const MAX_LINKS = 50_000;
/** Visitors of one link that are gathered at a time. */
const MAX_VISITORS = 10_000;
const CHUNK = 500;

export function createClickLog({ db, onError }: ClickLogDeps): ClickLog {
  let gathered = new Map<string, Gathered>();
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;

  async function write(): Promise<void> {
    const all = [...gathered].sort(([a], [b]) => (a < b ? -1 : 1));
    gathered = new Map();
    for (let from = 0; from < all.length; from += CHUNK) {
      try {
        await writeClicks(db, all.slice(from, from + CHUNK));
      } catch (error) {
        // Gathered anew, with what came meanwhile.
        for (const [link, clicks] of all.slice(from)) gathered.set(link, merge(clicks, gathered.get(link)));
        throw error;
      }
    }
  }

  const flush = () => {
    writing = writing.catch(() => {}).then(write);
    return writing;
  };

  return {
    note(link, kind, visitor, at) {
      const known = gathered.get(link);
      if (!known && gathered.size >= MAX_LINKS) return;
      const one = known ?? { clicks: 0, humans: 0, firstAt: null, lastAt: at, visitors: new Map() };
      one.clicks += 1;
      if (kind === 'human') {
        one.humans += 1;
        one.firstAt ??= at;
        one.lastAt = at;
        if (one.visitors.size < MAX_VISITORS) one.visitors.set(visitor, at);
      }
      gathered.set(link, one);
    },
    flush,
    start() {
      timer ??= setInterval(() => {
        if (gathered.size > 0) flush().catch(onError);
      }, FLUSH_MS);
      timer.unref();
    },
    async close() {
      if (timer) clearInterval(timer);
      await flush().catch(onError);
    },
  };
}

function merge(a: Gathered, b: Gathered | undefined): Gathered {
  if (!b) return a;
  return {
    clicks: a.clicks + b.clicks,
    humans: a.humans + b.humans,
    firstAt: a.firstAt ?? b.firstAt,
    lastAt: Math.max(a.lastAt, b.lastAt),
    visitors: new Map([...a.visitors, ...b.visitors]),
  };
}

const VISIT = { link_id: 'text', visitor: 'text', at: 'bigint' } as const;
const TALLY = {
  id: 'text',
  clicks: 'bigint',
  humans: 'bigint',
  visitors: 'bigint',
  first_at: 'bigint',
  last_at: 'bigint',
} as const;

/** Two statements for a chunk, and one more for the events of first clicks. */
function writeClicks(db: Database, chunk: readonly (readonly [string, Gathered])[]): Promise<void> {
  const visits = chunk.flatMap(([link_id, { visitors }]) =>
    [...visitors].map(([visitor, at]) => ({ link_id, visitor, at })),
  );
  return writeTransaction(db, {}, async (trx) => {
    const set = rowSet(db.dialect, VISIT, visits);
    // Only of links that are there still; one statement that finds which visitors are new.
    const fresh =
      visits.length === 0
        ? []
        : (
            await sql<{ link_id: string }>`insert into link_visitors (link_id, visitor, at)
              select r.link_id, r.visitor, r.at from ${set} join links on links.id = r.link_id where true
              on conflict (link_id, visitor) do nothing returning link_id`.execute(trx)
          ).rows;
    const counts = new Map<string, number>();
    for (const { link_id } of fresh) counts.set(link_id, (counts.get(link_id) ?? 0) + 1);
    const rows = chunk.map(([id, { clicks, humans, firstAt, lastAt }]) => ({
      ...{ id, clicks, humans, first_at: firstAt, last_at: humans > 0 ? lastAt : null },
      visitors: counts.get(id) ?? 0,
    }));
    const { rows: updated } = await sql<Clicked>`update links
        set clicks = links.clicks + r.clicks, human_clicks = links.human_clicks + r.humans,
            visitors = links.visitors + r.visitors, first_click_at = coalesce(links.first_click_at, r.first_at),
            last_click_at = coalesce(r.last_at, links.last_click_at)
        from ${rowSet(db.dialect, TALLY, rows)} where links.id = r.id
        returning links.id, project_id, mode, message_id, campaign_id, recipient_hash, recipient_masked,
          links.human_clicks, first_click_at`.execute(trx);
    const added = new Map(rows.map(({ id, humans }) => [id, humans]));
    const first = updated.filter((link) => link.first_click_at !== null && link.human_clicks === added.get(link.id));
    if (first.length > 0) await insertEvents(trx, first.map(clickedEvent));
  });
}

type Clicked = Omit<LinkRow, 'url' | 'clicks' | 'visitors' | 'created_at' | 'expires_at' | 'last_click_at'>;

/** Its id derives from the link's: there is one for each. */
function clickedEvent(link: Clicked): AuditEvent {
  const { id, project_id: project, mode, message_id, campaign_id, recipient_hash, recipient_masked } = link;
  return {
    id: `evt_${encodeId(hash('sha256', `clicked\0${id}`, 'buffer').subarray(0, 26))}`,
    type: 'link.clicked',
    at: Number(link.first_click_at),
    ...{ project, mode, actor: 'unknown' },
    ...(message_id !== null && { messageId: message_id }),
    ...(recipient_hash !== null &&
      recipient_masked !== null && { recipient: { hash: recipient_hash, masked: recipient_masked } }),
    data: { link_id: id, ...(campaign_id !== null && { campaign_id }) },
  };
}
