import type { Now } from '../../lib/clock.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import type { Runner } from './runner.ts';
import type { Outcomes, SaveOutcomes } from './save-outcomes.ts';

/** Writes what has become of the deliveries of all endpoints together, some times a second. */
export interface Writer {
  changed(): void;
  /** Nothing is written any more. */
  close(): Promise<void>;
}

export interface WriterDeps {
  runners: ReadonlySet<Runner>;
  save: SaveOutcomes;
  now: Now;
  onError(error: unknown): void;
}

/** Few deliveries are written almost at once, many are gathered. */
const GATHER_MS = { least: 5, most: 50, perDelivery: 2 };
const LONGEST_BACK_OFF_MS = 5_000;

export function createWriter({ runners, save, now, onError }: WriterDeps): Writer {
  let wanted = false;
  let closed = false;
  let running: Promise<void> | null = null;
  /** Deliveries, the last time. */
  let written = 0;
  let wake = () => {};

  async function run(): Promise<void> {
    for (let failures = 0; wanted && !closed; ) {
      const gatherMs = Math.min(GATHER_MS.least + GATHER_MS.perDelivery * written, GATHER_MS.most);
      await rest(Math.min(gatherMs * 2 ** failures, LONGEST_BACK_OFF_MS));
      wanted = false;
      failures = (await write()) ? 0 : failures + 1;
    }
    running = null;
  }

  /** False: the database is away. */
  async function write(): Promise<boolean> {
    const at = now();
    const told = [...runners].flatMap((runner) => {
      const outcomes = runner.collect(at);
      return outcomes ? [{ runner, outcomes }] : [];
    });
    if (told.length === 0) return true;
    written = told.reduce((sum, { outcomes }) => sum + outcomes.deliveries.length, 0);
    try {
      await tell(told, at);
      return true;
    } catch (error) {
      onError(error);
      if (error instanceof StoreUnavailable) {
        for (const { runner, outcomes } of told) runner.putBack(outcomes);
        wanted = true;
        return false;
      }
      await writeEach(told, at);
      return true;
    }
  }

  async function tell(told: readonly Told[], at: number): Promise<void> {
    const held = await save(
      told.map(({ outcomes }) => outcomes),
      at,
    );
    const byId = new Map(held.map((one) => [one.endpoint_id, one]));
    for (const { runner, outcomes } of told) runner.saved(outcomes, byId.get(runner.id));
  }

  /** What the database will not take is not written, and is sent again; the others are not held up by it. */
  async function writeEach(told: readonly Told[], at: number): Promise<void> {
    for (const one of told) {
      try {
        await tell([one], at);
      } catch (error) {
        onError(error);
        one.runner.saved(one.outcomes, undefined);
      }
    }
  }

  function rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    changed() {
      wanted = true;
      running ??= run();
    },
    async close() {
      closed = true;
      wake();
      await running;
    },
  };
}

interface Told {
  runner: Runner;
  outcomes: Outcomes;
}
