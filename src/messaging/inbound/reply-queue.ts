import type { CompiledQuery } from 'kysely';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { MessageInput } from '../../delivery/messages/create.ts';
import { createQueue, type Job, type JobQueue } from '../../jobs/queue.ts';
import { createJobWorker, type JobWorker } from '../../jobs/worker.ts';
import type { Now } from '../../lib/clock.ts';
import type { Owner } from '../consent/subject.ts';
import type { SendMessage } from '../consent/take-reply.ts';

export interface QueuedReply {
  owner: Owner;
  input: MessageInput;
}

export interface ReplyQueueDeps {
  db: Database;
  now: Now;
  send: SendMessage;
  onError(error: unknown): void;
}

export interface ReplyQueue {
  queue: JobQueue;
  worker: JobWorker;
}

export const REPLIES = 'inbound_replies';
const LEASE_MS = 30_000;
const ID_LENGTH = 30;

/**
 * Answers that were decided upon: kept with the decision, made messages afterwards. The message's id derives from the
 * job's, so that one whose process died in between is not sent twice.
 */
export function createReplyQueue({ db, now, send, onError }: ReplyQueueDeps): ReplyQueue {
  const queue = createQueue(db, REPLIES, [1]);

  async function run(job: Job): Promise<void> {
    const { owner, input } = job.payload as QueuedReply;
    const result = await send({ ...owner, actor: 'system' }, input, now(), `inbound\0${job.id}`);
    await end(job, result.kind === 'created' ? null : `reply_${result.kind}`);
  }

  /** Nothing of the person stays in the queue. */
  function end(job: Job, reason: string | null): Promise<void> {
    const noted: CompiledQuery | null =
      reason === null
        ? null
        : db.kysely
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
