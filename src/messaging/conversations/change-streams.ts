import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from '../contacts/contacts-table.ts';
import { CHANGES, type ConversationRow } from './conversations-table.ts';

export interface ChangeStreams {
  /**
   * Server-sent events (WHATWG HTML §9.2): each conversation that changed from `since` on, whenever it does. Null when
   * too many are open.
   */
  open(
    since: number,
    read: (after: Place) => Promise<ConversationRow[]>,
    view: (rows: readonly ConversationRow[]) => Promise<{ id: string }[]>,
    isAllowed: () => Promise<boolean>,
  ): Readable | null;
  closeAll(): void;
}

const MAX_OPEN = 50;
const LOOK_MS = 500;
const LOOKS_TO_HEARTBEAT = 30;
/** A change is seen when it is committed, and named after when it began: so far is looked back. */
const OVERLAP_MS = 5_000;

export function createChangeStreams(): ChangeStreams {
  const closing = new AbortController();
  let count = 0;

  async function* follow(...[since, read, view, isAllowed]: Parameters<ChangeStreams['open']>) {
    let from = since;
    /** When each had changed that was shown. */
    const shown = new Map<string, number>();
    yield 'retry: 1000\n\n';
    for (let looks = 1; !closing.signal.aborted && (await isAllowed()); looks += 1) {
      let after: Place | null = { at: from, id: '' };
      let told = 0;
      // Page by page: within what is looked back at there may be more than one of them.
      while (after) {
        const rows = await read(after);
        const changed = rows.filter(({ id, updated_at }) => shown.get(id) !== updated_at);
        for (const { id, updated_at } of changed) {
          shown.set(id, updated_at);
          from = Math.max(from, updated_at - OVERLAP_MS);
        }
        for (const one of await view(changed)) yield `event: conversation\ndata: ${JSON.stringify(one)}\n\n`;
        told += changed.length;
        const last = rows.at(-1);
        after = last && rows.length === CHANGES ? { at: last.updated_at, id: last.id } : null;
      }
      if (told === 0 && looks % LOOKS_TO_HEARTBEAT === 0) yield ': still here\n\n';
      for (const [id, at] of shown) if (at < from) shown.delete(id);
      await sleep(LOOK_MS, null, { signal: closing.signal }).catch(() => null);
    }
  }

  return {
    open(...given) {
      if (count >= MAX_OPEN) return null;
      count += 1;
      const stream = Readable.from(follow(...given), { highWaterMark: 1 });
      stream.once('close', () => {
        count -= 1;
      });
      return stream;
    },
    closeAll: () => closing.abort(),
  };
}
