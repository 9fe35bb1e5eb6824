import { reasons } from '../reasons.ts';
import type { CircuitState } from './choose-route.ts';
import type { TryOutcome } from './router.ts';

/** Of one provider, as this instance sees it: which does not ask a carrier that fails, but from time to time. */
export interface CircuitBreaker {
  read(now: number): Circuit;
  /** A message is on its way through a half-open circuit: no other follows until it is known what became of it. */
  probing(now: number): void;
  /** Returns the new state when it changed. */
  tried(outcome: Pick<TryOutcome, 'kind' | 'reason'>, now: number): CircuitState | null;
}

export interface Circuit {
  state: CircuitState;
  /** When an open circuit lets the next message through; 0 while it is closed. */
  reopensAt: number;
}

/** In a row. */
const MAX_FAULTS = 5;
/** Or so many of those of half a minute, when there were enough. */
const MAX_FAULT_RATIO = 0.5;
const MIN_TRIES = 20;
const SLOT_MS = 5_000;
const SLOTS = 6;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 120_000;
/** What became of a probe must be known after it; a carrier call takes at most ten seconds. */
const PROBE_MS = 15_000;

const CLOSED: Circuit = { state: 'closed', reopensAt: 0 };

export function createCircuitBreaker(): CircuitBreaker {
  const window = createWindow();
  let open = false;
  let faultsInARow = 0;
  let pauseMs = 0;
  let reopensAt = 0;
  let probeEndsAt = 0;

  function read(now: number): Circuit {
    if (!open) return CLOSED;
    if (now < reopensAt) return { state: 'open', reopensAt };
    if (now < probeEndsAt) return { state: 'open', reopensAt: probeEndsAt };
    return { state: 'half_open', reopensAt };
  }

  function openAgain(now: number): void {
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs === 0 ? FIRST_PAUSE_MS : pauseMs * 2);
    open = true;
    reopensAt = now + pauseMs;
    probeEndsAt = 0;
  }

  function failed(now: number): CircuitState | null {
    faultsInARow += 1;
    window.add(true, now);
    if (open) {
      // What was under way when it opened says nothing new.
      if (now >= reopensAt) openAgain(now);
      return null;
    }
    if (faultsInARow < MAX_FAULTS && !window.isTooBad(now)) return null;
    openAgain(now);
    return 'open';
  }

  function succeeded(now: number): CircuitState | null {
    faultsInARow = 0;
    window.add(false, now);
    if (!open || now < reopensAt) return null;
    open = false;
    pauseMs = 0;
    probeEndsAt = 0;
    window.clear();
    return 'closed';
  }

  return {
    read,
    probing(now) {
      if (open && now >= reopensAt) probeEndsAt = now + PROBE_MS;
    },
    tried({ kind, reason }, now) {
      if (reason !== null && reasons[reason].carrier) return failed(now);
      // A carrier that refuses a number or a text works.
      if (kind === 'accepted' || kind === 'rejected') return succeeded(now);
      // Ours, or of unknown origin: the next one may probe.
      probeEndsAt = 0;
      return null;
    },
  };
}

/** Tries and faults of the last half minute. */
function createWindow() {
  const tries = new Array<number>(SLOTS).fill(0);
  const faults = new Array<number>(SLOTS).fill(0);
  let newest = 0;

  function moveTo(now: number): number {
    const slot = Math.floor(now / SLOT_MS);
    for (let passed = Math.max(newest + 1, slot - SLOTS + 1); passed <= slot; passed += 1) {
      tries[passed % SLOTS] = 0;
      faults[passed % SLOTS] = 0;
    }
    newest = Math.max(newest, slot);
    return newest % SLOTS;
  }

  return {
    add(isFault: boolean, now: number): void {
      const slot = moveTo(now);
      tries[slot] = (tries[slot] ?? 0) + 1;
      if (isFault) faults[slot] = (faults[slot] ?? 0) + 1;
    },
    isTooBad(now: number): boolean {
      moveTo(now);
      const total = sum(tries);
      return total >= MIN_TRIES && sum(faults) >= total * MAX_FAULT_RATIO;
    },
    clear(): void {
      tries.fill(0);
      faults.fill(0);
    },
  };
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
