import { sql } from 'kysely';
import { filterOnly } from '../../db/filter-only.ts';
import type { Database } from '../../db/open.ts';
import { rowSetStatement } from '../../db/row-set.ts';
import type { GateQuestion, MessageGate } from '../../delivery/messages/gate.ts';
import type { Reason } from '../../delivery/reasons.ts';
import { senderKey } from './sender-key.ts';
import type { SuppressionReason } from './suppression.ts';

const QUESTION = {
  number: 'bigint',
  project_id: 'text',
  mode: 'text',
  address_hash: 'text',
  channel: 'text',
  purpose: 'text',
  sender: 'text',
} as const;

interface Found {
  number: number;
  suppression: SuppressionReason | null;
  state: 'pending' | 'granted' | 'revoked' | null;
}

/** What the person did is told apart from what the project did. */
const REASONS: Readonly<Partial<Record<SuppressionReason, Reason>>> = {
  stop: 'opted_out',
  voice_key: 'opted_out',
  carrier: 'opted_out',
};

/** Asked when a message is taken, when a campaign claims a recipient, and just before it is sent. One statement for all. */
export function createConsentGate(db: Database): MessageGate {
  const ask = rowSetStatement<keyof typeof QUESTION, Found>(
    db,
    QUESTION,
    (rows) => sql<Found>`
      select r.number,
        (select s.reason from suppressions s
          where s.address_hash = r.address_hash and ${filterOnly('s.project_id')} = r.project_id and s.mode = r.mode
            and s.channel in (r.channel, '*') and s.sender in (r.sender, '*')
            and (s.purpose = 'all' or s.purpose = r.purpose or (s.purpose = 'messages' and r.purpose <> 'code'))
          order by s.created_at desc limit 1) as suppression,
        (select c.state from consents c
          where c.address_hash = r.address_hash and c.project_id = r.project_id and c.mode = r.mode
            and c.channel = r.channel and c.purpose = r.purpose) as state
      from ${rows}
    `,
  );

  return async (questions) => {
    const query = ask(
      questions.map(({ project, mode, addressHash, channel, purpose, sender }, number) => ({
        ...{ number, project_id: project, mode, address_hash: addressHash, channel, purpose },
        sender: sender === null ? '' : senderKey(sender),
      })),
    );
    if (!query) return [];
    const { rows } = await db.kysely.executeQuery(query);
    const found = new Map(rows.map((row) => [Number(row.number), row]));
    return questions.map((question, number) => judge(question, found.get(number)));
  };
}

/** Marketing needs a yes; anything else but codes goes unless there is a no. */
function judge({ purpose }: GateQuestion, found: Found | undefined): Reason | null {
  const { suppression = null, state = null } = found ?? {};
  if (suppression !== null) return REASONS[suppression] ?? 'suppressed';
  if (purpose === 'code') return null;
  if (state === 'revoked') return 'opted_out';
  return purpose === 'marketing' && state !== 'granted' ? 'no_consent' : null;
}
