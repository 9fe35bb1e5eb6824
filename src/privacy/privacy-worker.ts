/** Erasures that are due, and retention. Any number of processes may run one. */
export interface PrivacyWorker {
  /** All that is due. */
  runDue(): Promise<void>;
  start(): void;
  /** Look now rather than at the next turn. */
  wake(): void;
  /** Ends after the step under way; the rest is left to another process. */
  stop(): Promise<void>;
}

export interface PrivacyWorkerOptions {
  /** False: none was due. */
  sweepNext(): Promise<boolean>;
  applyRetention(stopped: () => boolean): Promise<boolean>;
  onError(error: unknown): void;
}

/** Between looks: another process may have taken the request. */
const LOOK_MS = 5_000;

export function createPrivacyWorker({ sweepNext, applyRetention, onError }: PrivacyWorkerOptions): PrivacyWorker {
  let stopping = false;
  let wake = () => {};
  let loop: Promise<void> | null = null;

  async function runDue(): Promise<void> {
    while (!stopping && (await sweepNext()));
    if (!stopping) await applyRetention(() => stopping);
  }

  async function work(): Promise<void> {
    while (!stopping) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await runDue().catch(onError);
      const timer = Promise.withResolvers<void>();
      const handle = setTimeout(timer.resolve, LOOK_MS);
      await Promise.race([woken, timer.promise]);
      clearTimeout(handle);
    }
  }

  return {
    runDue,
    start() {
      loop ??= work();
    },
    wake: () => wake(),
    async stop() {
      stopping = true;
      wake();
      await loop;
    },
  };
}
