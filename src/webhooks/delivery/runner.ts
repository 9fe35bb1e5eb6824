import type { AuditEvent } from '../../audit/event.ts';
import type { Now } from '../../lib/clock.ts';
import type { Attempt, Target } from './attempt.ts';
import type { Cursor } from './claim-endpoints.ts';
import { afterAttempt, type Delivery, givenUp } from './delivery.ts';
import { disabledEvent, exhaustedEvent, failingEvent } from './delivery-events.ts';
import {
  afterFailure,
  afterSuccess,
  type DisableReason,
  disableReason,
  type Health,
  isHeld,
  startHealth,
} from './health.ts';
import type { HostSlots } from './host-slots.ts';
import { createLanes } from './lanes.ts';
import type { Held, Outcomes } from './save-outcomes.ts';
import type { Item, Supply } from './supply.ts';

export interface RunnerDeps {
  now: Now;
  /** From 0 to 1. */
  random(): number;
  attempt(target: Target, event: AuditEvent, signal: AbortSignal): Promise<Attempt | null>;
  hosts: HostSlots;
  leaseMs: number;
  /** Attempts at once. */
  mostAtOnce: number;
  /** There is something to be written. */
  changed(): void;
  reload(id: string): Promise<Target | null>;
  onError(error: unknown): void;
  onResult(result: DeliveryResult): void;
}

export type DeliveryResult = 'delivered' | 'failed' | 'exhausted';

/** One endpoint, as long as this process has it and there is something to send. */
export interface Runner {
  readonly id: string;
  /** There may be more to do. */
  wake(): void;
  /** What is to be written, or null; with the lease, when that is half over. */
  collect(now: number): Outcomes | null;
  /** It could not be written. */
  putBack(outcomes: Outcomes): void;
  /** It was; `held`: what the database says of the endpoint, undefined: it is another process's. */
  saved(outcomes: Outcomes, held: Held | undefined): void;
  /** Begins nothing more and gives the endpoint back. */
  stop(): void;
  abort(): void;
  readonly ended: Promise<void>;
}

/** Outcomes that wait to be written. */
const MOST_UNWRITTEN = 1_000;

export function createRunner(deps: RunnerDeps, cursor: Cursor, firstTarget: Target, supply: Supply): Runner {
  const { now, random, attempt, hosts, leaseMs, mostAtOnce } = deps;
  const id = cursor.endpoint_id;
  const lanes = createLanes();
  const aborter = new AbortController();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let target = firstTarget;
  let host = new URL(target.url).host;
  let health: Health = startHealth(cursor.failures, cursor.failing_since);
  let leasedUntil = cursor.leased_until;
  const queue: Item[] = [];
  let done: Delivery[] = [];
  let events: AuditEvent[] = [];
  let recovered = false;
  let disabled: DisableReason | null = null;
  let inFlight = 0;
  let filling = false;
  let drained = false;
  let stopping = false;
  let lost = false;
  /** From the moment that it is given back in what is being written. */
  let leaving = false;
  let waitsForHost = false;

  const rests = () => health.restsUntil > now();

  function mayStart(): boolean {
    const isOurs = !stopping && !leaving && now() < leasedUntil;
    return isOurs && inFlight < health.limit && done.length < MOST_UNWRITTEN && !rests();
  }

  function pump(): void {
    while (queue.length > 0 && mayStart()) {
      if (!hosts.take(host)) {
        waitForHost();
        break;
      }
      const item = nextItem();
      if (!item) {
        hosts.free(host);
        break;
      }
      void run(item, host);
    }
    const wanting = queue.length < health.limit && !drained && !filling;
    if (wanting && mayStart()) void fill();
    if (isOver()) deps.changed();
  }

  function waitForHost(): void {
    if (waitsForHost) return;
    waitsForHost = true;
    hosts.whenFree(host, () => {
      waitsForHost = false;
      pump();
    });
  }

  /** Those whose object is busy step aside. */
  function nextItem(): Item | null {
    for (let item = queue.shift(); item; item = queue.shift()) {
      if (item.event === null) finish(givenUp(item.delivery, now()));
      else if (lanes.isBlocked(item)) park(item);
      else if (lanes.enter(item)) return item;
    }
    return null;
  }

  async function run(item: Item, at: string): Promise<void> {
    inFlight += 1;
    const attempted = await attempt(target, item.event as AuditEvent, aborter.signal);
    inFlight -= 1;
    if (attempted) conclude(item, attempted);
    else stopping = true;
    hosts.free(at);
    pump();
  }

  function conclude(item: Item, attempted: Attempt): void {
    const at = now();
    const delivery = afterAttempt(item.delivery, attempted, at, random());
    const isDelivered = delivery.status === 'delivered';
    deps.onResult(delivery.status === 'pending' ? 'failed' : delivery.status);
    if (isDelivered) {
      recovered ||= isHeld(health.failures);
      health = afterSuccess(health, mostAtOnce);
    } else fail(attempted, delivery.event_type, at);
    if (delivery.status === 'exhausted') events.push(exhaustedEvent(target, delivery, at));
    const following = lanes.leave(item, isDelivered);
    if (isDelivered) queue.unshift(...following);
    else for (const waiting of following) park(waiting);
    finish(delivery);
  }

  function fail(attempted: Attempt, eventType: string, at: number): void {
    const before = health;
    health = afterFailure(health, attempted, at, random());
    if (isHeld(health.failures) && !isHeld(before.failures)) events.push(failingEvent(target, health, eventType, at));
    const reason = disabled === null ? disableReason(health, attempted, at) : null;
    if (reason === null) return;
    disabled = reason;
    stopping = true;
    events.push(disabledEvent(target, reason, at));
  }

  /** Its row waits until what is before it is over. */
  function park({ delivery }: Item): void {
    finish({ ...delivery, next_at: null });
  }

  function finish(delivery: Delivery): void {
    done.push(delivery);
    deps.changed();
  }

  async function fill(): Promise<void> {
    filling = true;
    try {
      const { found, blocked } = await supply.next(target);
      for (const object of blocked) lanes.block(object);
      queue.push(...found);
      drained = found.length === 0;
    } catch (error) {
      deps.onError(error);
      stopping = true;
    }
    filling = false;
    pump();
  }

  /** Nothing is under way, and nothing may or can be begun. */
  function isOver(): boolean {
    const isIdle = inFlight === 0 && !filling && !leaving;
    return isIdle && (lost || stopping || rests() || now() >= leasedUntil || (drained && queue.length === 0));
  }

  function collect(at: number): Outcomes | null {
    const isLast = isOver();
    if (lost && isLast && done.length === 0) {
      end();
      return null;
    }
    const isRenewal = leasedUntil - at < leaseMs / 2;
    if (leaving || (done.length === 0 && !isLast && !isRenewal)) return null;
    leaving = isLast;
    const outcomes: Outcomes = {
      cursor: {
        endpoint_id: id,
        claim: cursor.claim,
        next: supply.end(done.map(({ log_index }) => log_index)),
        leased_until: isLast ? leasedUntil : at + leaseMs,
        rests_until: health.restsUntil,
        failures: health.failures,
        failing_since: health.failingSince,
      },
      deliveries: done,
      replays: supply.replays(),
      events,
      recovered,
      disabled,
      release: !isLast ? null : drained && queue.length === 0 && !rests() ? 'when_due' : 'at_once',
    };
    done = [];
    events = [];
    recovered = false;
    return outcomes;
  }

  return {
    id,
    wake() {
      drained = false;
      pump();
    },
    collect,
    putBack(outcomes) {
      done.unshift(...outcomes.deliveries);
      events.unshift(...outcomes.events);
      recovered ||= outcomes.recovered;
      leaving = false;
    },
    saved({ cursor: { leased_until }, deliveries, release }, held) {
      // Not before: what could not be written renews nothing.
      leasedUntil = leased_until;
      supply.saved(deliveries.map(({ log_index }) => log_index));
      if (!held) {
        lost = true;
        stopping = true;
      } else if (held.revision !== target.revision && !leaving) {
        void deps.reload(id).then((changed) => {
          if (changed) {
            target = changed;
            host = new URL(changed.url).host;
          } else stopping = true;
          pump();
        }, deps.onError);
      }
      if (leaving && release !== null) end();
      else if (lost && isOver()) deps.changed();
      else pump();
    },
    stop() {
      stopping = true;
      pump();
    },
    abort: () => aborter.abort(),
    ended,
  };
}
