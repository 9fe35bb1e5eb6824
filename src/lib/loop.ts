/** Work that is done again and again in the background. */
export interface Loop {
  start(): void;
  /** There may be something to do. */
  wake(): void;
  /** Resolves when the turn under way is over. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** Answers with how long to rest afterwards, ms. */
  turn(): Promise<number>;
  /** A turn that throws is repeated after a rest that nobody shortens, longer with every failure in a row. */
  onError(error: unknown): void;
  /** Between being woken and the next turn, ms: what comes in quick succession is done in one. Default 0. */
  gatherMs?: number;
}

const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 5_000;

export function createLoop({ turn, onError, gatherMs = 0 }: LoopOptions): Loop {
  let stopping = false;
  let woken = false;
  let failures = 0;
  let loop: Promise<void> | null = null;
  let interrupt = () => {};

  async function run(): Promise<void> {
    while (!stopping) {
      woken = false;
      try {
        const ms = await turn();
        failures = 0;
        await rest(ms, true);
      } catch (error) {
        onError(error);
        failures += 1;
        await rest(backOffMs(failures), false);
      }
    }
  }

  function rest(ms: number, untilWoken: boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = performance.now() + ms;
      let timer = setTimeout(resolve, ms);
      interrupt = () => {
        const soon = stopping ? 0 : untilWoken && woken ? gatherMs : null;
        if (soon === null || performance.now() + soon >= end) return;
        clearTimeout(timer);
        timer = setTimeout(resolve, soon);
        if (!stopping) interrupt = () => {};
      };
      interrupt();
    });
  }

  return {
    start() {
      loop ??= run();
    },
    wake() {
      woken = true;
      interrupt();
    },
    async stop() {
      stopping = true;
      interrupt();
      await loop;
    },
  };
}

function backOffMs(failures: number): number {
  return Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
}
