import { Readable } from 'node:stream';

/** Open streams of server-sent events (WHATWG HTML §9.2), bounded in number. */
export interface EventStreams {
  /**
   * What `follow` yields, until it or its signal ends. It ends too when `isAllowed`, asked every CHECK_MS, says so,
   * whatever is being read or waited for then. Null when too many are open.
   */
  open(follow: (ended: AbortSignal) => AsyncIterable<string>, isAllowed: () => Promise<boolean>): Readable | null;
  closeAll(): void;
}

const MAX_OPEN = 50;
/** Half of the second in which a key's revocation takes effect; the other half is for how old the answer may be. */
const CHECK_MS = 500;

export function createEventStreams(): EventStreams {
  const open = new Set<AbortController>();

  return {
    open(follow, isAllowed) {
      if (open.size >= MAX_OPEN) return null;
      const ending = new AbortController();
      const { signal } = ending;
      open.add(ending);
      let goOn = () => {};
      const stream = new Readable({
        highWaterMark: 1,
        read: () => goOn(),
        destroy(error, done) {
          ending.abort();
          done(error);
        },
      });
      const check = setInterval(async () => {
        if (!(await isAllowed())) ending.abort();
      }, CHECK_MS).unref();
      signal.addEventListener('abort', () => {
        clearInterval(check);
        open.delete(ending);
        goOn();
        stream.push(null);
      });

      async function send() {
        for await (const event of follow(signal)) {
          if (signal.aborted) return;
          const read = new Promise<void>((resolve) => {
            goOn = resolve;
          });
          if (!stream.push(event)) await read;
        }
        ending.abort();
      }
      send().catch((error) => {
        if (!signal.aborted) stream.destroy(error);
      });
      return stream;
    },
    closeAll() {
      for (const ending of open) ending.abort();
    },
  };
}
