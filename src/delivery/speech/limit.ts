/** Lets so many run at a time; the others wait in their order. */
export function createLimit(concurrency: number): <Result>(run: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (run) => {
    if (running < concurrency) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      // The place is handed over, or given back.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
