/** Requests under way, of all endpoints together: a host gets no more at once than it would from one of them. */
export interface HostSlots {
  take(host: string): boolean;
  free(host: string): void;
  /** Calls once when a request may be made to the host; first come, first served. */
  whenFree(host: string, wake: () => void): void;
  /** Does it in the host's turn. */
  run<T>(host: string, work: () => Promise<T>): Promise<T>;
}

export function createHostSlots(perHost: number, total: number): HostSlots {
  const used = new Map<string, number>();
  const waiting = new Set<{ host: string; wake: () => void }>();
  let all = 0;

  const hasRoom = (host: string) => all < total && (used.get(host) ?? 0) < perHost;

  const slots: HostSlots = {
    take(host) {
      if (!hasRoom(host)) return false;
      used.set(host, (used.get(host) ?? 0) + 1);
      all += 1;
      return true;
    },
    free(host) {
      const left = (used.get(host) ?? 0) - 1;
      if (left > 0) used.set(host, left);
      else used.delete(host);
      all -= 1;
      for (const waiter of waiting) {
        if (!hasRoom(waiter.host)) continue;
        waiting.delete(waiter);
        waiter.wake();
        // Who was woken may have nothing left to send.
        if (!hasRoom(host)) return;
      }
    },
    whenFree: (host, wake) => void waiting.add({ host, wake }),
    async run(host, work) {
      while (!slots.take(host)) await new Promise<void>((resolve) => slots.whenFree(host, resolve));
      try {
        return await work();
      } finally {
        slots.free(host);
      }
    },
  };
  return slots;
}
