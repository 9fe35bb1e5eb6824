import type { Database } from '../../db/open.ts';
import type { Collect, Eraser, Subject } from '../../lib/subject.ts';

/**
 * The ledger itself names nobody: who waits in it is skipped once the contact is gone. What is being handed over becomes
 * a message in a moment, which is waited for. Must come before contacts are erased: they tell whose recipients these are.
 */
export function createRecipientEraser(db: Database): Eraser {
  return {
    name: 'campaign_recipients',
    async erase(erasure) {
      const handed = await recipientsOf(db, erasure)
        .innerJoin('campaign_chunks', (join) =>
          join
            .onRef('campaign_chunks.campaign_id', '=', 'campaign_recipients.campaign_id')
            .onRef('campaign_chunks.number', '=', 'campaign_recipients.chunk'),
        )
        .select('campaign_recipients.contact_id')
        .where('campaign_recipients.state', '=', 'waiting')
        .where('campaign_chunks.phase', '=', 'handed')
        .limit(1)
        .execute();
      return { count: 0, unfinished: handed.length > 0 };
    },
  };
}

/** The campaigns that a person was in. */
export function createRecipientCollector(db: Database): Collect {
  return async function* collect(subject) {
    const rows = await recipientsOf(db, subject)
      .innerJoin('campaigns', 'campaigns.id', 'campaign_recipients.campaign_id')
      .select(['campaigns.id as campaign_id', 'campaigns.name', 'campaign_recipients.state'])
      .select(['campaign_recipients.reason', 'campaign_recipients.message_id', 'campaign_recipients.updated_at'])
      .orderBy('campaigns.created_at')
      .orderBy('campaigns.id')
      .execute();
    for (const record of rows) yield { kind: 'campaign_recipient', record };
  };
}

function recipientsOf({ kysely }: Database, { hash, project, modes }: Subject) {
  const all = kysely
    .selectFrom('contact_addresses')
    .innerJoin('campaign_recipients', 'campaign_recipients.contact_id', 'contact_addresses.contact_id')
    .where('contact_addresses.address_hash', '=', hash)
    .where('contact_addresses.mode', 'in', [...modes]);
  return project === null ? all : all.where('contact_addresses.project_id', '=', project);
}
