/**
 * Joins calls into one: whatever is asked for while a run is under way is the next run's work. Under little load a
 * call runs at once and alone; under much, one round trip serves many.
 */
export function createBatcher<Input, Output>(
  run: (inputs: Input[]) => Promise<Output[]>,
  maxSize: number | (() => number),
): (input: Input) => Promise<Output> {
  interface Call {
    input: Input;
    resolve(output: Output): void;
    reject(error: unknown): void;
  }
  let waiting: Call[] = [];
  let running = false;

  async function runAll(): Promise<void> {
    running = true;
    await null; // calls of the same tick go together
    while (waiting.length > 0) {
      const size = typeof maxSize === 'number' ? maxSize : maxSize();
      const calls = waiting.slice(0, size);
      waiting = waiting.slice(size);
      try {
        const outputs = await run(calls.map(({ input }) => input));
        for (const [index, call] of calls.entries()) call.resolve(outputs[index] as Output);
      } catch (error) {
        for (const call of calls) call.reject(error);
      }
    }
    running = false;
  }

  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      if (!running) runAll();
    });
}
