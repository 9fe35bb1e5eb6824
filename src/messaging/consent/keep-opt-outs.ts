import { type CompiledQuery, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { columnsOf, rowSetStatement } from '../../db/row-set.ts';
import type { KeepOptOuts, OptOut } from '../../delivery/messages/gate.ts';
import { newId } from '../../lib/ids.ts';
import { senderKey } from './sender-key.ts';
import { ANY, SUPPRESSION_COLUMNS, type SuppressionRow } from './suppression.ts';

/**
 * What calls and carriers tell of it. A key pressed in a call ends messages by call, and marketing by any channel (47 CFR
 * 64.1200(a)(10): calls and texts alike); not codes: whoever wants none does not ask for one. A carrier's block is of one
 * sender, and of all that it sends.
 */
export function createOptOutKeeper(db: Database): KeepOptOuts {
  const names = columnsOf(SUPPRESSION_COLUMNS);
  const insert = rowSetStatement<keyof typeof SUPPRESSION_COLUMNS, { cause: string }>(
    db,
    SUPPRESSION_COLUMNS,
    (rows) => sql<{ cause: string }>`
      insert into suppressions (${names}) select ${names} from ${rows} where true
      on conflict do nothing returning cause
    `,
  );
  return (optOuts, now): CompiledQuery<{ cause: string }> | null => insert(optOuts.flatMap((one) => toRows(one, now)));
}

function toRows(optOut: OptOut, now: number): SuppressionRow[] {
  const { project, mode, channel, address, addressHash, by, sender, messageId } = optOut;
  const common = {
    project_id: project,
    mode,
    address_hash: addressHash,
    review: 0,
    address,
    note: null,
    cause: messageId,
    proof: null,
    actor: 'system',
    created_at: now,
  };
  if (by === 'carrier') {
    return [{ ...common, id: newId('sup'), channel, purpose: 'all', sender: senderKey(sender), reason: 'carrier' }];
  }
  const key = { ...common, sender: ANY, reason: 'voice_key' };
  return [
    { ...key, id: newId('sup'), channel, purpose: 'messages' },
    { ...key, id: newId('sup'), channel: ANY, purpose: 'marketing' },
  ];
}
