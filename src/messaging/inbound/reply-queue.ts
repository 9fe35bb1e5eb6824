import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { MessageCaller, MessageInput, MessageInserts } from '../../delivery/messages/create.ts';
import { createQueue, type Job, type JobQueue } from '../../jobs/queue.ts';
import { createJobWorker, type JobWorker } from '../../jobs/worker.ts';
import type { Now } from '../../lib/clock.ts';
import type { Owner } from '../consent/subject.ts';

export interface QueuedReply {
  owner: Owner;
  input: MessageInput;
}

export interface ReplyQueueDeps {
  db: Database;
  now: Now;
  messages: MessageInserts;
  /** How the project has its messages made. */
  callerOf(project: string): Promise<Pick<MessageCaller, 'calls' | 'templateReview'>>;
  wakeMessages(): void;
  onError(error: unknown): void;
}

export interface ReplyQueue {
  queue: JobQueue;
  worker: JobWorker;
}

export const REPLIES = 'inbound_replies';
const LEASE_MS = 30_000;
const ID_LENGTH = 30;

/** Answers that were decided upon: kept with the decision, and made messages in the transaction that ends their job. */
export function createReplyQueue(deps: ReplyQueueDeps): ReplyQueue {
  const { db, messages, now, onError } = deps;
  const queue = createQueue(db, REPLIES, [1]);

  async function run(job: Job): Promise<void> {
    const { owner, input } = job.payload as QueuedReply;
    const caller = { ...owner, actor: 'system', ...(await deps.callerOf(owner.project)) };
    const prepared = await messages.prepare(caller, input, now(), `inbound\0${job.id}`);
    if (prepared.kind !== 'prepared') return end(job, `reply_${prepared.kind}`);
    const { statements } = await messages.inserts([prepared.message]);
    await batchTransaction(db, {}, (batch) => batch.commit(...statements, queue.complete([job])));
    deps.wakeMessages();
  }

  /** Without a message. Nothing of the person stays in the queue. */
  function end(job: Job, reason: string): Promise<void> {
    const noted = db.kysely
      .updateTable('inbound_messages')
      .set({ reason })
      .where('id', '=', job.id.slice(0, ID_LENGTH))
      .compile();
    return batchTransaction(db, {}, (batch) => batch.commit(noted, queue.complete([job])));
  }

  const giveUp = (job: Job) => end(job, 'reply_failed');
  const worker = createJobWorker({ db, queue, now, run, giveUp, onError, leaseMs: LEASE_MS, slots: 8 });
  return { queue, worker };
}

export function replyJobs(inboundId: string, owner: Owner, inputs: readonly MessageInput[], now: number) {
  return inputs.map((input, number) => {
    const payload: QueuedReply = { owner, input };
    return { id: `${inboundId}:${number}`, lane: 1, owner: owner.project, dueAt: now, payload };
  });
}
