import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProgressStreams {
  /**
   * Server-sent events (WHATWG HTML §9.2): what `read` says, whenever that is something new, until it says `ended`.
   * Null when too many are open.
   */
  open(
    read: () => Promise<{ view: object; ended: boolean } | null>,
    isAllowed: () => Promise<boolean>,
  ): Readable | null;
  closeAll(): void;
}

const MAX_OPEN = 50;
const LOOK_MS = 500;
const LOOKS_TO_HEARTBEAT = 30;

export function createProgressStreams(): ProgressStreams {
  const closing = new AbortController();
  let count = 0;

  async function* follow(...[read, isAllowed]: Parameters<ProgressStreams['open']>) {
    let before = '';
    for (let looks = 1; !closing.signal.aborted && (await isAllowed()); looks += 1) {
      const found = await read();
      if (!found) return;
      const data = JSON.stringify(found.view);
      if (data !== before) yield `data: ${data}\n\n`;
      else if (looks % LOOKS_TO_HEARTBEAT === 0) yield ': still here\n\n';
      before = data;
      if (found.ended) return;
      await sleep(LOOK_MS, null, { signal: closing.signal }).catch(() => null);
    }
  }

  return {
    open(read, isAllowed) {
      if (count >= MAX_OPEN) return null;
      count += 1;
      const stream = Readable.from(follow(read, isAllowed), { highWaterMark: 1 });
      stream.once('close', () => {
        count -= 1;
      });
      return stream;
    },
    closeAll: () => closing.abort(),
  };
}
