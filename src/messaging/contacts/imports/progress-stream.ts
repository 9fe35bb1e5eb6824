import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEventStreams } from '../../../http/event-streams.ts';

type Read = () => Promise<{ view: object; ended: boolean } | null>;

export interface ProgressStreams {
  /** What `read` says, whenever that is something new, until it says `ended`. Null when too many are open. */
  open(read: Read, isAllowed: () => Promise<boolean>): Readable | null;
  closeAll(): void;
}

const LOOK_MS = 500;
const LOOKS_TO_HEARTBEAT = 30;

export function createProgressStreams(): ProgressStreams {
  const { open, closeAll } = createEventStreams();
  return {
    open: (read, isAllowed) => open((ended) => follow(read, ended), isAllowed),
    closeAll,
  };
}

async function* follow(read: Read, ended: AbortSignal) {
  let before = '';
  for (let looks = 1; !ended.aborted; looks += 1) {
    const found = await read();
    if (!found) return;
    const data = JSON.stringify(found.view);
    if (data !== before) yield `data: ${data}\n\n`;
    else if (looks % LOOKS_TO_HEARTBEAT === 0) yield ': still here\n\n';
    before = data;
    if (found.ended) return;
    await sleep(LOOK_MS, null, { signal: ended }).catch(() => null);
  }
}
