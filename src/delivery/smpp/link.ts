import type { ProviderLog } from '../provider.ts';
import type { Reason } from '../reasons.ts';
import { type BackOff, backOffMs } from './back-off.ts';
import { createGate, type GateOptions } from './gate.ts';
import type { SubmitSm } from './pdu-writer.ts';
import { STATUS } from './protocol.ts';
import type { DeliverSm } from './read-pdu.ts';
import { openSession, type Session, type SessionOptions, type SubmitDone } from './session.ts';
import { readRefusal, type StatusReasons, statusName } from './submit-status.ts';

/** One bind that is kept: dialled again with back-off whenever it ends. */
export interface Link {
  readonly number: number;
  start(): void;
  isBound(): boolean;
  /** Why it is not bound. */
  whyDown(): Reason;
  /** When it may submit: a past time for now, infinity while unbound or with a full window. */
  readyAt(): number;
  inFlight(): number;
  submit(submit: SubmitSm, done: SubmitDone): void;
  /** Unbinds and stays down. */
  close(): Promise<void>;
}

export interface LinkOptions extends SessionOptions, GateOptions {
  window: number;
  reconnect: BackOff;
  statusReasons: StatusReasons;
}

export interface LinkEvents {
  /** It may be able to submit now. */
  ready(): void;
  /** It was bound and is no more, or could not be bound. */
  down(): void;
  /** `session`: the connection it came over. */
  deliver(message: DeliverSm, session: Session): Promise<number>;
}

/** A bind that lasted so many of the least pauses was not refused in disguise; the back-off begins anew. */
const STABLE_PAUSES = 10;
/** One of them may be about its message; several in a row are about the carrier. */
const ERRORS_IN_A_ROW = 3;

export function createLink(number: number, options: LinkOptions, events: LinkEvents, log: ProviderLog): Link {
  const { host, port, bind, window, reconnect, statusReasons } = options;
  const facts = { bind: bind.type, link: number, host, port };
  const gate = createGate(options);
  let session: Session | null = null;
  let redial: NodeJS.Timeout | undefined;
  let failures = 0;
  let boundAt: number | null = null;
  let whyDown: Reason = 'connection_failed';
  let errorsInARow = 0;
  let isClosed = false;

  function dial(): void {
    const opened = openSession(options, {
      bound,
      room: events.ready,
      deliver: (message) => events.deliver(message, opened),
      closed,
    });
    session = opened;
  }

  function bound(): void {
    boundAt = performance.now();
    log.info(facts, 'SMPP link bound');
    events.ready();
  }

  function closed(why: string, status?: number): void {
    session = null;
    const lasted = boundAt === null ? 0 : performance.now() - boundAt;
    boundAt = null;
    whyDown = status === undefined ? 'connection_failed' : readRefusal(status).reason;
    if (isClosed) {
      log.info({ ...facts, why }, 'SMPP link closed');
      return;
    }
    if (lasted >= reconnect.minMs * STABLE_PAUSES) failures = 0;
    const pauseMs = backOffMs(failures, reconnect, Math.random());
    failures++;
    const status_name = status === undefined ? undefined : statusName(status);
    log.warn({ ...facts, why, status: status_name, redial_ms: pauseMs }, 'SMPP link down');
    redial = setTimeout(dial, pauseMs);
    events.down();
  }

  function accepted(): void {
    errorsInARow = 0;
    gate.accepted();
  }

  function refused(status: number): void {
    // The carrier does not know this bind any more: answers will not get better on it.
    if (status === STATUS.incorrect_bind_status) session?.destroy('not_bound');
    const { reason, isTemporary } = readRefusal(status, statusReasons);
    errorsInARow = reason === 'unavailable' ? errorsInARow + 1 : 0;
    const asksToWait = reason === 'unavailable' ? errorsInARow >= ERRORS_IN_A_ROW : isTemporary;
    if (asksToWait) gate.throttled(performance.now());
  }

  return {
    number,
    start: dial,
    isBound: () => session?.isBound() ?? false,
    whyDown: () => whyDown,
    readyAt() {
      const isReady = session?.isBound() && session.inFlight() < window;
      return isReady ? gate.opensAt() : Number.POSITIVE_INFINITY;
    },
    inFlight: () => session?.inFlight() ?? 0,
    submit(submit, done) {
      if (!session?.isBound()) return done({ kind: 'not_written' });
      gate.pass(performance.now());
      session.submit(submit, (outcome) => {
        if (outcome.kind === 'answered' && outcome.status !== STATUS.ok) refused(outcome.status);
        else if (outcome.kind === 'answered') accepted();
        done(outcome);
      });
    },
    async close() {
      isClosed = true;
      clearTimeout(redial);
      await session?.unbind();
    },
  };
}
