/** Work that goes on in the background of every process with workers; any number of them may do it. */
export interface LogKeeper {
  start(): void;
  /** Something was committed: look soon. */
  wake(): void;
  /** Finishes what it is at. What waits is sealed by another process, or by the next. */
  stop(): Promise<void>;
}

export interface LogKeeperOptions {
  /** Null: another process is at it. */
  sealPortion(): Promise<number | null>;
  /** Signs the log when it is time. */
  signIfDue(): Promise<unknown>;
  onError(error: unknown): void;
}

/** Between looks: other processes' commits wake nobody here. */
const LOOK_MS = 250;
/** Events gather for so long: a portion of many costs little more than one of a few. */
const GATHER_MS = 50;
const LONGEST_BACK_OFF_MS = 5_000;

export function createLogKeeper({ sealPortion, signIfDue, onError }: LogKeeperOptions): LogKeeper {
  let stopping = false;
  let woken = false;
  let interrupt = () => {};
  let loop: Promise<void> | null = null;

  async function work(): Promise<void> {
    let failures = 0;
    while (!stopping) {
      woken = false;
      try {
        const sealed = await sealPortion();
        await signIfDue();
        failures = 0;
        // Where there was something there will be more.
        if (sealed) await rest(GATHER_MS, false);
        else await rest(LOOK_MS, true);
      } catch (error) {
        onError(error);
        failures += 1;
        await rest(backOffMs(failures), false);
      }
    }
  }

  /** Ends early when stopped, or if that is wanted when woken: then after what may follow has gathered. */
  function rest(ms: number, untilWoken: boolean): Promise<void> {
    return new Promise((resolve) => {
      let timer = setTimeout(resolve, ms);
      const end = (afterMs: number) => {
        clearTimeout(timer);
        timer = setTimeout(resolve, afterMs);
        interrupt = () => stopping && end(0);
      };
      interrupt = () => {
        if (stopping) end(0);
        else if (untilWoken && woken) end(GATHER_MS);
      };
      interrupt();
    });
  }

  return {
    start() {
      loop ??= work();
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
  return Math.min(LONGEST_BACK_OFF_MS, LOOK_MS * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
}
