import { subscribe } from 'node:diagnostics_channel';

/** Requests written to each connection so far. */
const written = new WeakMap<object, number>();
let next: ((isReused: boolean) => void) | null = null;

subscribe('undici:client:sendHeaders', (message) => {
  const { socket } = message as { socket: object };
  const before = written.get(socket) ?? 0;
  written.set(socket, before + 1);
  next?.(before > 0);
  next = null;
});

/** Tells whether the connection that a request is about to be written to was used before: called as undici starts it. */
export function whenWritten(tell: (isReused: boolean) => void): void {
  next = tell;
}
