import type { KeyObject } from 'node:crypto';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Now } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import type { OutboundMessage } from '../provider.ts';
import type { KeepOptOuts, OptOut } from './gate.ts';
import { hashRecipient, readRecipient } from './recipient.ts';
import { messageStatements } from './statements.ts';

/** A carrier has just refused a message because the recipient wants nothing from this sender. */
export function createOptOutRecorder(db: Database, hashKey: KeyObject, keepOptOuts: KeepOptOuts, now: Now) {
  const { insertEvents } = messageStatements(db);

  return async ({ project, mode, channel, to, from }: OutboundMessage, messageId: string): Promise<void> => {
    const recipient = readRecipient(channel, to);
    if (!recipient) return;
    const at = now();
    const addressHash = hashRecipient(hashKey, recipient);
    const optOut: OptOut = { project, mode, channel, address: to, addressHash, by: 'carrier', sender: from, messageId };
    await batchTransaction(db, {}, async (batch) => {
      const [fresh] = await batch.run(keepOptOuts([optOut], at));
      const event = {
        ...{ id: newId('evt'), type: 'recipient.opted_out' as const, at, project, mode, actor: 'system', messageId },
        recipient: { masked: recipient.masked, hash: addressHash },
        data: { channel, by: 'carrier' },
      };
      await batch.commit(insertEvents(fresh.length > 0 ? [event] : []));
    });
  };
}
