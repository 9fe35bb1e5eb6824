import type { Reason } from '../reasons.ts';
import { createLanes, rankOf } from './lanes.ts';
import type { Link } from './link.ts';
import type { Sending } from './sending.ts';
import type { SubmitOutcome } from './session.ts';

/** Gives messages to links: by purpose, round robin over those that may submit, all parts of one on one link. */
export interface Dispatcher {
  add(sending: Sending): void;
  /** The caller waits no longer. */
  giveUp(sending: Sending): void;
  /** A link may be able to submit. */
  ready(): void;
  /** A link is down. */
  down(link: Link): void;
  /** Takes nothing more; resolves when all is decided, or decides the rest itself after so long. */
  drain(longestMs: number): Promise<void>;
}

export interface DispatcherOptions {
  links: readonly Link[];
  queueLimit: number;
  /** How long messages wait for a bind that is lost before another carrier is the better hope. */
  unboundWaitMs: number;
}

interface Lane {
  link: Link;
  /** Messages whose first parts went over this link. */
  begun: Set<Sending>;
}

export function createDispatcher({ links, queueLimit, unboundWaitMs }: DispatcherOptions): Dispatcher {
  const queue = createLanes();
  const lanes: readonly Lane[] = links.map((link) => ({ link, begun: new Set() }));
  let turn = 0;
  let wakeUp: NodeJS.Timeout | undefined;
  let wakesAt = Number.POSITIVE_INFINITY;
  let patience: NodeJS.Timeout | undefined;
  let isDown = false;
  let isDraining = false;
  let drained: (() => void) | undefined;

  const isBound = () => links.some((link) => link.isBound());
  const whyDown = (): Reason => links[0]?.whyDown() ?? 'connection_failed';
  const isIdle = () =>
    queue.size() === 0 && lanes.every(({ link, begun }) => begun.size === 0 && link.inFlight() === 0);

  function add(sending: Sending): void {
    const refusal = refuse(sending);
    if (refusal) {
      sending.abandon(refusal);
      return;
    }
    if (!isBound()) loseHopeLater();
    queue.add(sending);
    pump();
  }

  function refuse({ purpose }: Sending): Reason | null {
    if (isDraining) return 'unavailable';
    if (isDown) return whyDown();
    if (queue.size() < queueLimit) return null;
    const lesser = queue.lastBelow(purpose);
    if (!lesser) return 'queue_full';
    drop(lesser, 'queue_full');
    return null;
  }

  function drop(sending: Sending, reason: Reason): void {
    queue.delete(sending);
    sending.abandon(reason);
  }

  function giveUp(sending: Sending): void {
    drop(sending, whyWaiting());
    settle();
  }

  /** Why a message has not left yet. */
  function whyWaiting(): Reason {
    if (!isBound()) return whyDown();
    return Number.isFinite(earliest(lanes)) ? 'rate_limited' : 'unavailable';
  }

  const earliest = (of: readonly Lane[]) => Math.min(...of.map(({ link }) => link.readyAt()));

  /** Submits what may be submitted, part by part, and wakes up when a rate or a pause allows more. */
  function pump(): void {
    const now = performance.now();
    for (let misses = 0; misses < lanes.length; ) {
      const lane = lanes[turn % lanes.length];
      turn = (turn + 1) % lanes.length;
      misses = lane && lane.link.readyAt() <= now && submitNext(lane) ? 0 : misses + 1;
    }
    wakeAt(earliest(lanes.filter((lane) => choose(lane))), now);
  }

  function wakeAt(at: number, now: number): void {
    if (at >= wakesAt) return;
    clearTimeout(wakeUp);
    wakesAt = at;
    wakeUp = setTimeout(() => {
      wakesAt = Number.POSITIVE_INFINITY;
      pump();
    }, at - now);
  }

  function submitNext(lane: Lane): boolean {
    const sending = choose(lane);
    const part = sending?.next();
    if (sending === undefined || part === undefined) return false;
    queue.delete(sending);
    lane.link.submit(sending.submitted(part), (outcome) => answered(lane, sending, part, outcome));
    track(lane, sending);
    return true;
  }

  /** A message that has begun goes on before others of its purpose, but a code overtakes it. */
  function choose({ begun }: Lane): Sending | undefined {
    const waiting = queue.first();
    let best: Sending | undefined;
    for (const sending of begun) if (!best || rankOf(sending.purpose) < rankOf(best.purpose)) best = sending;
    if (!best || !waiting) return best ?? waiting;
    return rankOf(waiting.purpose) < rankOf(best.purpose) ? waiting : best;
  }

  function track({ begun }: Lane, sending: Sending): void {
    if (sending.next() === undefined) begun.delete(sending);
    else begun.add(sending);
  }

  function answered(lane: Lane, sending: Sending, part: number, outcome: SubmitOutcome): void {
    sending.answered(part, outcome);
    track(lane, sending);
    settle();
  }

  function ready(): void {
    if (isBound()) {
      clearTimeout(patience);
      patience = undefined;
      isDown = false;
    }
    pump();
    settle();
  }

  function down(link: Link): void {
    const lane = lanes.find((each) => each.link === link);
    for (const sending of lane?.begun ?? []) {
      lane?.begun.delete(sending);
      if (sending.isUntouched()) queue.restore(sending);
      else sending.linkLost();
    }
    if (!isBound()) loseHopeLater();
    pump();
    settle();
  }

  function loseHopeLater(): void {
    if (patience || isDown) return;
    patience = setTimeout(() => {
      patience = undefined;
      isDown = true;
      abandonQueue(whyDown());
    }, unboundWaitMs);
  }

  function abandonQueue(reason: Reason): void {
    for (const sending of queue.all()) drop(sending, reason);
    settle();
  }

  function settle(): void {
    if (drained && isIdle()) drained();
  }

  async function drain(longestMs: number): Promise<void> {
    isDraining = true;
    if (!isIdle()) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        drained = resolve;
        timer = setTimeout(resolve, longestMs);
      });
      clearTimeout(timer);
    }
    clearTimeout(wakeUp);
    clearTimeout(patience);
    abandonQueue(whyWaiting());
    for (const { begun } of lanes) for (const sending of begun) sending.linkLost();
  }

  return { add, giveUp, ready, down, drain };
}
