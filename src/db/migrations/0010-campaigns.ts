import type { Migration } from '../migrate.ts';
import { appointmentTables } from './0010-appointments.ts';
import { automationTables } from './0010-automations.ts';
import { inboundTables } from './0010-inbound.ts';
import { sendingTables } from './0010-sending.ts';

const OFTEN = 'autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02';
const HOT = `with (fillfactor = 80, ${OFTEN})`;
/** A recipient is written again when it was sent its message, like those beside it: half of a page is left for that. */
const TWICE = `with (fillfactor = 50, ${OFTEN})`;

/** Campaigns, links, conversations, automations. */
export const campaigns: Migration = {
  version: 10,
  name: 'campaigns',
  statements(dialect) {
    const postgres = dialect === 'postgres';
    const hot = postgres ? HOT : '';
    const keyed = postgres ? '' : 'without rowid';
    return [
      ...campaignTables(hot, postgres ? HOT : 'without rowid', postgres ? TWICE : 'without rowid'),
      ...inboundTables(hot, keyed),
      ...appointmentTables(hot, keyed),
      ...automationTables(hot, keyed),
      ...sendingTables(hot, keyed),
    ];
  },
};

function campaignTables(hot: string, hotKeyed: string, twiceKeyed: string): string[] {
  return [
    'alter table messages add column campaign_id text',
    'alter table messages add column contact_id text',
    'create index messages_of_campaign on messages (campaign_id) where campaign_id is not null',

    // Money is counted in millionths of the currency. `position` is the last contact that the snapshot has taken.
    `create table campaigns (
       id text primary key,
       project_id text not null,
       mode text not null,
       name text not null,
       status text not null,
       reason text,
       channel text not null,
       purpose text not null,
       sender text,
       audience text not null,
       content text not null,
       schedule text,
       experiment text,
       validity_seconds bigint not null,
       per_second bigint,
       paced_until bigint,
       spend_cap bigint,
       spend_currency text,
       reserved bigint not null,
       spent bigint not null,
       position text,
       recipients bigint not null,
       chunks bigint not null,
       totals text,
       series_id text,
       actor text not null,
       starts_at bigint,
       started_at bigint,
       ended_at bigint,
       created_at bigint not null,
       updated_at bigint not null
     ) ${hot}`,
    'create index campaigns_of_series on campaigns (series_id, created_at) where series_id is not null',
    'create index campaigns_of_project on campaigns (project_id, mode, created_at, id)',
    `create index campaigns_going on campaigns (status, starts_at) where status in ('scheduled', 'preparing', 'running')`,

    // The unit of truth; names nobody by itself.
    `create table campaign_recipients (
       campaign_id text not null,
       contact_id text not null,
       chunk bigint not null,
       state text not null,
       reason text,
       variant text,
       tries bigint not null,
       planned_at bigint,
       message_id text,
       cost_amount text,
       cost_currency text,
       updated_at bigint not null,
       primary key (campaign_id, contact_id)
     ) ${twiceKeyed}`,
    'create index campaign_recipients_of_chunk on campaign_recipients (campaign_id, chunk)',
    'create index campaign_recipients_of_contact on campaign_recipients (contact_id)',

    // What was counted of large ones, and under which status: `standings` or `sums`.
    `create table campaign_figures (
       campaign_id text not null,
       kind text not null,
       status text not null,
       value text not null,
       counted_at bigint not null,
       took_ms bigint not null,
       primary key (campaign_id, kind)
     ) ${hotKeyed}`,

    // The unit of lease: some hundred recipients that are due together. Gone when none of them waits.
    `create table campaign_chunks (
       id text primary key,
       campaign_id text not null,
       number bigint not null,
       phase text not null,
       handed_to text,
       due_at bigint not null,
       claim bigint not null,
       reserved bigint not null,
       unsettled text not null,
       reason text
     ) ${hotKeyed}`,
    'create index campaign_chunks_due on campaign_chunks (campaign_id, due_at)',
    `create index campaign_chunks_handed on campaign_chunks (due_at) where phase = 'handed'`,
  ];
}
