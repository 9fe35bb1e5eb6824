import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { MessageInput } from '../../delivery/messages/create.ts';
import { createQueue, type Job, type JobQueue } from '../../jobs/queue.ts';
import { createJobWorker, type JobWorker } from '../../jobs/worker.ts';
import type { Now } from '../../lib/clock.ts';
import type { Owner } from '../consent/subject.ts';
import type { SendMessage } from '../consent/take-reply.ts';

interface QueuedReply {
  owner: Owner;
  input: MessageInput;
}

export interface ReplyQueueDeps {
  db: Database;
  now: Now;
  send: SendMessage;
  onError(error: unknown): void;
  /** An answer that cannot be sent, and why. */
  onRefused(inboundId: string, why: string): void;
}

export interface ReplyQueue {
  queue: JobQueue;
  worker: JobWorker;
}

const LEASE_MS = 30_000;

/**
 * Answers that were decided upon: kept with the decision, made messages afterwards. The message's id derives from the
 * job's, so that one whose process died in between is not sent twice.
 */
export function createReplyQueue({ db, now, send, onError, onRefused }: ReplyQueueDeps): ReplyQueue {
  const queue = createQueue(db, 'inbound_replies', [1]);

  async function run(job: Job): Promise<void> {
    const { owner, input } = job.payload as QueuedReply;
    const result = await send({ ...owner, actor: 'system' }, input, now(), `inbound\0${job.id}`);
    if (result.kind !== 'created') onRefused(inboundIdOf(job.id), result.kind);
    await batchTransaction(db, {}, (batch) => batch.commit(queue.complete([job])));
  }

  const worker = createJobWorker({ db, queue, now, run, onError, leaseMs: LEASE_MS, slots: 8 });
  return { queue, worker };
}

export function replyJobs(inboundId: string, owner: Owner, inputs: readonly MessageInput[], now: number) {
  return inputs.map((input, number) => {
    const payload: QueuedReply = { owner, input };
    return { id: `${inboundId}:${number}`, lane: 1, owner: owner.project, dueAt: now, payload };
  });
}

const inboundIdOf = (jobId: string) => jobId.replace(/:\d+$/, '');
