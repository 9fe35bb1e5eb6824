import type { InboundRow } from '../../delivery/messages/keep-inbound.ts';
import type { Now } from '../../lib/clock.ts';
import { createLoop } from '../../lib/loop.ts';
import { type ChainDeps, consentTaken, handleNext, oldestDue } from './handle-next.ts';
import { createReplyQueue, type ReplyQueue, type ReplyQueueDeps } from './reply-queue.ts';
import { expireResponses } from './survey-responses.ts';

export interface Inbound {
  /** Acts on STOP and the like at once; all else is done afterwards. Rejects: let the carrier report again. */
  take(messages: readonly InboundRow[]): Promise<void>;
  worker: {
    start(): void;
    stop(): Promise<void>;
    /** Handles all that is due; for tests. Returns how much was done. */
    runDue(): Promise<number>;
  };
  replies: ReplyQueue;
}

export interface InboundDeps
  extends Omit<ChainDeps, 'replies'>,
    Pick<ReplyQueueDeps, 'messages' | 'callerOf' | 'wakeMessages'> {
  now: Now;
  metrics: {
    watch(name: string, help: string, read: () => Promise<number>): void;
  };
}

/** Messages that other processes kept, and what became due. */
const IDLE_MS = 500;
const TURN = 50;

export function openInbound(deps: InboundDeps): Inbound {
  const { db, now, takeReplies } = deps;
  const replies = createReplyQueue(deps);
  const chain: ChainDeps = { ...deps, replies: replies.queue };
  /** Who waits for another's lock handles somebody else's meanwhile; SQLite has one lock for all. */
  const atOnce = db.dialect === 'postgres' ? 4 : 1;

  async function handleSome(): Promise<number> {
    if ((await oldestDue(db, now())) === null) return 0;
    const runs = Array.from({ length: atOnce }, async () => {
      let count = 0;
      while (count < TURN && (await handleNext(chain, now()))) count += 1;
      return count;
    });
    const counts = await Promise.all(runs);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  const loop = createLoop({
    turn: async () => {
      await expireResponses(db, now());
      return (await handleSome()) > 0 ? 0 : IDLE_MS;
    },
    onError: deps.onError,
  });

  deps.metrics.watch(
    'inbound_due_age_seconds',
    'How long the message from a phone that has waited longest has been due.',
    async () => {
      const at = now();
      const oldest = await oldestDue(db, at);
      return oldest === null ? 0 : (at - oldest) / 1000;
    },
  );

  return {
    async take(messages) {
      // The same message again: what it asked for was done, and somebody may have asked for the contrary since.
      const fresh = messages.filter(({ consent_at, due_at }) => consent_at === null && due_at !== null);
      if (fresh.length === 0) return;
      await takeReplies(fresh);
      await consentTaken(db, fresh, now());
      loop.wake();
    },
    worker: {
      start() {
        loop.start();
        replies.worker.start();
      },
      async stop() {
        await Promise.all([loop.stop(), replies.worker.stop()]);
      },
      async runDue() {
        let total = 0;
        for (;;) {
          const ended = await expireResponses(db, now());
          const done = ended + (await handleSome()) + (await replies.worker.runDue());
          if (done === 0) return total;
          total += done;
        }
      },
    },
    replies,
  };
}
