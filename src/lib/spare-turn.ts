const waiting: (() => void)[] = [];

/** A turn of the event loop for one part of bulk work, however much of that is under way in this process. */
export function spareTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(next);
  });
}

function next(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(next);
}
