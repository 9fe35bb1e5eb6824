import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEventStreams } from '../../http/event-streams.ts';
import type { Place } from '../contacts/contacts-table.ts';
import { CHANGES, type ConversationRow } from './conversations-table.ts';

type Read = (after: Place) => Promise<ConversationRow[]>;
type View = (rows: readonly ConversationRow[]) => Promise<{ id: string }[]>;

export interface ChangeStreams {
  /** Each conversation that changed from `since` on, whenever it does. Null when too many are open. */
  open(since: number, read: Read, view: View, isAllowed: () => Promise<boolean>): Readable | null;
  closeAll(): void;
}

const LOOK_MS = 500;
const LOOKS_TO_HEARTBEAT = 30;
/** A change is seen when it is committed, and named after when it began: so far is looked back. */
const OVERLAP_MS = 5_000;

export function createChangeStreams(): ChangeStreams {
  const { open, closeAll } = createEventStreams();
  return {
    open: (since, read, view, isAllowed) => open((ended) => follow(since, read, view, ended), isAllowed),
    closeAll,
  };
}

async function* follow(since: number, read: Read, view: View, ended: AbortSignal) {
  let from = since;
  /** When each had changed that was shown. */
  const shown = new Map<string, number>();
  yield 'retry: 1000\n\n';
  for (let looks = 1; !ended.aborted; looks += 1) {
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
    await sleep(LOOK_MS, null, { signal: ended }).catch(() => null);
  }
}
