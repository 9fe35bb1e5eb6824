import type { KeyObject } from 'node:crypto';
import type { Database } from '../../../src/db/open.ts';
import { createMessages, type MessageInput } from '../../../src/delivery/messages/create.ts';
import type { Delivery } from '../../../src/delivery/open-delivery.ts';

/** Records messages as POST /v1/messages does, for a live key of one project. */
export function sender(
  db: Database,
  { delivery, clock, hashKey }: { delivery: Delivery; clock: { now: number }; hashKey: KeyObject },
  project = 'prj_a',
) {
  const create = createMessages({ ...delivery, db, hashKey });
  return async (input: Partial<MessageInput> = {}) => {
    const caller = { project, mode: 'live', actor: 'key_a' } as const;
    const result = await create(caller, { to: '+33612345678', text: 'Your table is ready.', ...input }, clock.now);
    if (result.kind !== 'created') throw new Error(`not created: ${result.kind}`);
    return result;
  };
}
