/** Work that outlives its request. `settled` is awaited when the process drains, so that nothing is dropped half-way. */
export interface Background {
  run(task: Promise<unknown>): void;
  settled(): Promise<void>;
  /** What is running now, without what begins later; waits no longer than this. */
  current(longestMs: number): Promise<void>;
  size(): number;
}

export function createBackground(onError: (error: unknown) => void): Background {
  const running = new Set<Promise<void>>();
  return {
    run(task) {
      const tracked: Promise<void> = task.then(
        () => {
          running.delete(tracked);
        },
        (error) => {
          running.delete(tracked);
          onError(error);
        },
      );
      running.add(tracked);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
    async current(longestMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, longestMs);
      });
      await Promise.race([Promise.all(running), late]);
      clearTimeout(timer);
    },
    size: () => running.size,
  };
}
