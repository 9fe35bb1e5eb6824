/**
 * Codes on their way, as far as this process knows. They share its event loop, its database and its cores with bulk work,
 * which gives way to them: it waits for a gap, and makes its parts small while codes are about.
 */
export interface CodeTraffic {
  /** A step of a code, from now until it is done. */
  watch<T>(step: Promise<T>): Promise<T>;
  /** There are codes, or were a moment ago. */
  isAbout(): boolean;
  /**
   * For a piece of bulk work: resolves with the function that ends it. While codes are about one piece goes at a time, and
   * begins between their steps. None waits for long: it goes on beside whatever there is.
   */
  enter(): Promise<() => void>;
}

const MOMENT_MS = 2_000;
const PATIENCE_MS = 50;

export function createCodeTraffic(now = () => performance.now(), patienceMs = PATIENCE_MS): CodeTraffic {
  let steps = 0;
  let pieces = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  /** In the order in which they came. */
  const waiting = new Set<() => void>();

  const isAbout = () => steps > 0 || now() < lastAt + MOMENT_MS;
  const isFree = () => steps === 0 && pieces === 0;

  function letNextIn(): void {
    const [next] = waiting;
    if (isFree()) next?.();
  }

  function leave(): void {
    pieces -= 1;
    letNextIn();
  }

  return {
    async watch(step) {
      steps += 1;
      try {
        return await step;
      } finally {
        steps -= 1;
        lastAt = now();
        letNextIn();
      }
    },
    isAbout,
    async enter() {
      const mayGo = isFree() ? waiting.size === 0 : !isAbout();
      if (mayGo) pieces += 1;
      else {
        await new Promise<void>((resolve) => {
          const letIn = () => {
            clearTimeout(timer);
            waiting.delete(letIn);
            pieces += 1;
            resolve();
          };
          const timer = setTimeout(letIn, patienceMs);
          waiting.add(letIn);
        });
      }
      let inside = true;
      return () => {
        if (inside) leave();
        inside = false;
      };
    },
  };
}

/** Of this process. */
export const codeTraffic = createCodeTraffic();
