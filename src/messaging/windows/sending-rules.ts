import type { Kysely } from 'kysely';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Owner } from '../contacts/contact.ts';
import type { OwnWindow } from './own-windows.ts';

/** At most `max` messages of a purpose to a contact within any `days`. */
export interface FrequencyCap {
  purpose: 'marketing' | 'transactional';
  max: number;
  days: number;
}

/** How to stop it, as marketing texts to a country say it: by ISO 3166-1 alpha-2. */
export type OptOutMentions = Readonly<Record<string, string>>;

/** When and how often a project sends to many, and what it has to say. */
export interface ProjectRules {
  /** Of whoever no zone and no country is known of. */
  timeZone: string;
  windows: OwnWindow[];
  frequencyCaps: FrequencyCap[];
  optOutMentions: OptOutMentions;
}

const USUAL: ProjectRules = { timeZone: 'UTC', windows: [], frequencyCaps: [], optOutMentions: {} };

export async function readSendingRules(db: Kysely<Schema>, { project, mode }: Owner): Promise<ProjectRules> {
  const row = await db
    .selectFrom('sending_rules')
    .select('rules')
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .executeTakeFirst();
  return row ? (JSON.parse(row.rules) as ProjectRules) : USUAL;
}

export function saveSendingRules(
  db: Database,
  { project, mode }: Owner,
  rules: ProjectRules,
  actor: Actor,
  now: number,
): Promise<void> {
  return writeTransaction(db, {}, async (trx) => {
    const values = { rules: JSON.stringify(rules), updated_at: now };
    await trx
      .insertInto('sending_rules')
      .values({ project_id: project, mode, ...values })
      .onConflict((conflict) => conflict.columns(['project_id', 'mode']).doUpdateSet(values))
      .execute();
    const { timeZone: time_zone, windows, frequencyCaps: frequency_caps, optOutMentions: opt_out_mentions } = rules;
    const data = { time_zone, windows, frequency_caps, opt_out_mentions };
    await insertEvents(trx, [adminEvent('sending_rules.updated', project, actor, now, data)]);
  });
}
