import { Readable } from 'node:stream';

/** Exports that are being read: bounded in number and in how long one may wait for its reader. */
export interface OpenExports {
  /** Null when too many are open. Cut off when `isAllowed`, asked between pages, says no. */
  open(pages: AsyncGenerator<string, void, undefined>, isAllowed: () => Promise<boolean>): Readable | null;
}

const MAX_OPEN = 8;
/** Longer than a slow link needs for a page. */
const STALLED_MS = 60_000;

export function createOpenExports(): OpenExports {
  let count = 0;
  return {
    open(pages, isAllowed) {
      if (count >= MAX_OPEN) return null;
      count += 1;
      const stalled = setTimeout(() => stream.destroy(new Error('nobody reads the export')), STALLED_MS).unref();
      // One page is read while the one before is on its way: the stream asks for no more.
      const stream = Readable.from(guarded(), { highWaterMark: 1 });
      stream.once('close', () => {
        clearTimeout(stalled);
        count -= 1;
      });
      return stream;

      async function* guarded() {
        for await (const page of pages) {
          if (!(await isAllowed())) throw new Error('the key may no longer export');
          yield page;
          stalled.refresh();
        }
      }
    },
  };
}
