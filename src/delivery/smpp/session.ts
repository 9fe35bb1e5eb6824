import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { createFrameReader } from './frame-reader.ts';
import { type Bind, createPduWriter, type SubmitSm } from './pdu-writer.ts';
import { COMMAND, MAX_SEQUENCE, RESPONSE, STATUS } from './protocol.ts';
import { type DeliverSm, readDeliverSm, readMessageId } from './read-pdu.ts';

/** One connection from dialling to its end; a link makes a new one after it. */
export interface Session {
  isBound(): boolean;
  /** Submits without an answer. */
  inFlight(): number;
  /** Only while bound. `done` is called once, and once more should an answer come after `timeout`. */
  submit(submit: SubmitSm, done: SubmitDone): void;
  /** Takes leave and closes; resolves when the connection is gone. */
  unbind(): Promise<void>;
  destroy(why: string): void;
}

export type SubmitDone = (outcome: SubmitOutcome) => void;

export type SubmitOutcome =
  | { kind: 'answered'; status: number; messageId: string }
  /** No answer in time. */
  | { kind: 'timeout' }
  /** It left, and the connection ended before an answer. */
  | { kind: 'lost' }
  /** The connection ended before it left. */
  | { kind: 'not_written' };

export interface SessionOptions {
  host: string;
  port: number;
  /** Null: plain TCP. */
  tls: ConnectionOptions | null;
  bind: Bind;
  /** Of connection and bind together. */
  bindTimeoutMs: number;
  /** Of submit_sm and enquire_link. */
  responseTimeoutMs: number;
  /** So long nothing may come or go before enquire_link asks whether the other side lives. */
  enquireLinkMs: number;
}

export interface SessionEvents {
  bound(): void;
  /** Answers came: there may be room in the window. */
  room(): void;
  /** Resolves to the command_status of the answer; a rejection lets the other side try again. */
  deliver(message: DeliverSm): Promise<number>;
  /** Once. `status`: of a bind that was refused. */
  closed(why: string, status?: number): void;
}

interface Pending {
  done: SubmitDone;
  sentAt: number;
  /** Of the write it leaves with. */
  batch: number;
}

/** How long the other side may take to close after unbind. */
const UNBIND_MS = 2_000;
/** Requests of the other side that wait to be stored; SMSCs keep to windows far below. */
const MAX_DELIVERING = 2_000;
/** Written and not read: far more than a full window of the longest texts. */
const MAX_UNREAD_OCTETS = 16 * 1024 * 1024;
/** Submits whose answer is awaited beyond its time. */
const MAX_LATE = 10_000;

export function openSession(options: SessionOptions, events: SessionEvents): Session {
  const { bind, bindTimeoutMs, responseTimeoutMs, enquireLinkMs } = options;
  const writer = createPduWriter();
  /** In the order of their deadlines. */
  const pending = new Map<number, Pending>();
  const late = new Map<number, SubmitDone>();
  const closedWaiters: (() => void)[] = [];
  let state: 'connecting' | 'binding' | 'bound' | 'unbinding' | 'closed' = 'connecting';
  let sequence = 0;
  let batch = 0;
  let flushIsDue = false;
  let delivering = 0;
  const openedAt = performance.now();
  let receivedAt = openedAt;
  let sentAt = openedAt;
  let askedAt: number | null = null;
  /** The last that is done once nothing is in flight either way. */
  let farewell: (() => void) | null = null;

  const socket = openSocket(options, () => {
    state = 'binding';
    writer.bind(nextSequence(), bind);
    flush();
  });
  socket.on('data', receive);
  socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.name));
  socket.on('close', () => end(state === 'unbinding' ? 'unbound' : 'closed_by_peer'));
  const tickMs = Math.min(1_000, Math.max(10, Math.min(bindTimeoutMs, responseTimeoutMs, enquireLinkMs) / 10));
  let tickedAt = openedAt;
  const ticker = setInterval(tick, tickMs);

  const frames = createFrameReader((frame) => {
    if (state !== 'closed') handle(frame.readUInt32BE(4), frame.readUInt32BE(8), frame.readUInt32BE(12), frame);
  });

  function receive(chunk: Buffer): void {
    receivedAt = performance.now();
    askedAt = null;
    if (!frames.push(chunk)) end('out_of_sync');
    if (state === 'bound') events.room();
    flush();
  }

  function handle(command: number, status: number, number: number, frame: Buffer): void {
    switch (command) {
      case COMMAND.submit_sm + RESPONSE:
        answer(number, { kind: 'answered', status, messageId: readMessageId(frame) });
        break;
      case COMMAND.deliver_sm:
      case COMMAND.data_sm:
        void deliver(command, number, frame);
        break;
      case COMMAND.enquire_link:
        writer.bare(COMMAND.enquire_link + RESPONSE, STATUS.ok, number);
        break;
      case COMMAND.unbind:
        if (state === 'bound') part(number);
        break;
      case COMMAND.unbind + RESPONSE:
        if (state === 'unbinding') part(null);
        break;
      case COMMAND[`bind_${bind.type}`] + RESPONSE:
        if (state === 'binding') answerToBind(status);
        break;
      case COMMAND.generic_nack:
        nack(number, status || STATUS.invalid_command_id);
        break;
      case COMMAND.alert_notification: // has no answer, §4.12.1
        break;
      default:
        if (command < RESPONSE) writer.bare(COMMAND.generic_nack, STATUS.invalid_command_id, number);
    }
  }

  function answerToBind(status: number): void {
    if (status === STATUS.ok) {
      state = 'bound';
      events.bound();
    } else {
      end('bind_refused', status);
    }
  }

  function nack(number: number, status: number): void {
    if (state === 'binding') answerToBind(status);
    else answer(number, { kind: 'answered', status, messageId: '' });
  }

  function answer(number: number, outcome: SubmitOutcome): void {
    const submit = pending.get(number);
    if (submit) {
      pending.delete(number);
      submit.done(outcome);
      partWhenDone();
      return;
    }
    const done = late.get(number);
    late.delete(number);
    done?.(outcome);
  }

  async function deliver(command: number, number: number, frame: Buffer): Promise<void> {
    const message = delivering < MAX_DELIVERING ? readDeliverSm(frame) : undefined;
    let status: number = message === null ? STATUS.rejected_by_application : STATUS.temporary_application_error;
    if (message) {
      delivering++;
      status = await events.deliver(message).catch(() => STATUS.temporary_application_error);
      delivering--;
    }
    if (state === 'closed') return;
    writer.delivered(command, status, number);
    flushSoon();
    partWhenDone();
  }

  /** What is asked for in one turn of the event loop leaves in one write. */
  function flushSoon(): void {
    if (flushIsDue) return;
    flushIsDue = true;
    setImmediate(() => {
      flushIsDue = false;
      flush();
    });
  }

  function flush(): void {
    if (!socket.writable || writer.waiting() === 0) return;
    batch++;
    sentAt = performance.now();
    socket.write(writer.take());
    if (socket.writableLength > MAX_UNREAD_OCTETS) end('peer_reads_nothing');
  }

  function nextSequence(): number {
    sequence = sequence === MAX_SEQUENCE ? 1 : sequence + 1;
    return sequence;
  }

  function tick(): void {
    const now = performance.now();
    // After a pause of this process its timers come first, and what the other side has sent meanwhile only then.
    const wasPaused = now - tickedAt > 4 * tickMs;
    tickedAt = now;
    if (wasPaused) return;
    if (state === 'connecting' || state === 'binding') {
      if (now - openedAt >= bindTimeoutMs) end(state === 'connecting' ? 'connect_timeout' : 'bind_timeout');
      return;
    }
    expire(now);
    if (state === 'unbinding') return;
    if (askedAt !== null) {
      if (now - askedAt >= responseTimeoutMs) end('peer_silent');
    } else if (now - receivedAt >= enquireLinkMs || now - sentAt >= enquireLinkMs) {
      askedAt = now;
      writer.bare(COMMAND.enquire_link, STATUS.ok, nextSequence());
      flush();
    }
  }

  function expire(now: number): void {
    const before = pending.size;
    for (const [number, submit] of pending) {
      if (now - submit.sentAt < responseTimeoutMs) break;
      pending.delete(number);
      late.set(number, submit.done);
      submit.done({ kind: 'timeout' });
    }
    for (const number of late.keys()) {
      if (late.size <= MAX_LATE) break;
      late.delete(number);
    }
    if (pending.size < before && state === 'bound') events.room();
  }

  /** Both sides' last answers are awaited. `owed`: a request to part that is to be answered. */
  function part(owed: number | null): void {
    state = 'unbinding';
    farewell = () => {
      if (owed !== null) writer.bare(COMMAND.unbind + RESPONSE, STATUS.ok, owed);
      flush();
      socket.end();
    };
    endSoon();
    partWhenDone();
  }

  function partWhenDone(): void {
    if (!farewell || pending.size > 0 || delivering > 0) return;
    farewell();
    farewell = null;
  }

  function endSoon(): void {
    const timer = setTimeout(() => {
      farewell?.();
      end('unbind_timeout');
    }, UNBIND_MS);
    timer.unref();
  }

  function end(why: string, status?: number): void {
    if (state === 'closed') return;
    const wasFlushed = writer.waiting() === 0;
    state = 'closed';
    clearInterval(ticker);
    socket.destroy();
    const left = [...pending.values()];
    pending.clear();
    late.clear();
    for (const { done, batch: of } of left) {
      done(wasFlushed || of < batch ? { kind: 'lost' } : { kind: 'not_written' });
    }
    for (const resolve of closedWaiters) resolve();
    events.closed(why, status);
  }

  return {
    isBound: () => state === 'bound',
    inFlight: () => pending.size,
    submit(submit, done) {
      const number = nextSequence();
      pending.set(number, { done, sentAt: performance.now(), batch });
      writer.submitSm(number, submit);
      flushSoon();
    },
    async unbind() {
      if (state === 'closed') return;
      const closed = new Promise<void>((resolve) => closedWaiters.push(resolve));
      if (state !== 'bound') {
        if (state !== 'unbinding') end('closed');
        return closed;
      }
      writer.bare(COMMAND.unbind, STATUS.ok, nextSequence());
      flush();
      state = 'unbinding';
      endSoon();
      return closed;
    },
    destroy: (why) => end(why),
  };
}

function openSocket({ host, port, tls }: SessionOptions, connected: () => void): Socket {
  const socket = tls ? connectTls({ host, port, ...tls }, connected) : connectTcp({ host, port }, connected);
  return socket.setNoDelay(true).setKeepAlive(true);
}
