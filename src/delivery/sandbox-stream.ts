import { Readable } from 'node:stream';
import type { Sandbox, SandboxMessage, SandboxScope } from './providers/sandbox.ts';

export interface SandboxStreamsDeps {
  sandbox: Sandbox;
  present(message: SandboxMessage): object;
}

/** Open event streams (WHATWG HTML §9.2), bounded in number and in what a slow reader may leave unread. */
export interface SandboxStreams {
  /** Null when too many are open. It ends when `isAllowed`, asked every CHECK_MS, says so. */
  open(scope: SandboxScope, isAllowed: () => Promise<boolean>): Readable | null;
  closeAll(): void;
}

const MAX_STREAMS = 100;
const MAX_STREAMS_EACH = 10;
const MAX_UNREAD_BYTES = 1_048_576;
const HEARTBEAT_MS = 15_000;
/** Half of the second in which a key's revocation takes effect; the other half is for how old the answer may be. */
export const CHECK_MS = 500;
const RECONNECT_MS = 1_000;

export function createSandboxStreams({ sandbox, present }: SandboxStreamsDeps): SandboxStreams {
  const open = new Set<{ scope: SandboxScope; end: () => void }>();

  function countOf({ project, mode }: SandboxScope): number {
    return [...open].filter(({ scope }) => scope.project === project && scope.mode === mode).length;
  }

  return {
    open(scope, isAllowed) {
      if (open.size >= MAX_STREAMS || countOf(scope) >= MAX_STREAMS_EACH) return null;
      const stream = new Readable({ read: () => undefined });
      const write = (chunk: string) => {
        stream.push(chunk);
        if (stream.readableLength > MAX_UNREAD_BYTES) stream.destroy();
      };
      const unsubscribe = sandbox.subscribe(scope, (message) => {
        write(`id: ${message.id}\ndata: ${JSON.stringify(present(message))}\n\n`);
      });
      const heartbeat = setInterval(write, HEARTBEAT_MS, ': still here\n\n').unref();
      const stop = () => {
        unsubscribe();
        clearInterval(heartbeat);
        clearInterval(check);
      };
      const end = () => {
        stop();
        stream.push(null);
      };
      const check = setInterval(async () => {
        if (!(await isAllowed())) end();
      }, CHECK_MS).unref();
      const entry = { scope, end };
      // An ended stream counts until its reader is gone: until then it holds what was not read.
      stream.once('close', () => {
        stop();
        open.delete(entry);
      });
      open.add(entry);
      write(`retry: ${RECONNECT_MS}\n\n`);
      return stream;
    },
    closeAll() {
      for (const { end } of open) end();
    },
  };
}
