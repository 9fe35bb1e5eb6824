import type { Migration } from '../migrate.ts';

const OFTEN = 'autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02';
const HOT = `with (fillfactor = 80, ${OFTEN})`;
/** Each row is written again soon after it was made, with those beside it: half of a page is left for that. */
const TWICE = `with (fillfactor = 50, ${OFTEN})`;

/** Messages, their tries and receipts; the queue; routes and what is known of carriers. */
export const delivery: Migration = {
  version: 2,
  name: 'delivery',
  statements(dialect) {
    const postgres = dialect === 'postgres';
    const hotKeyed = postgres ? HOT : 'without rowid';
    const twice = postgres ? TWICE : '';
    const twiceKeyed = postgres ? TWICE : 'without rowid';
    return [
      `create table messages (
         id text primary key,
         project_id text not null,
         mode text not null,
         purpose text not null,
         channel text not null,
         recipient text not null,
         recipient_hash text not null,
         recipient_masked text not null,
         verification_id text,
         send_index integer,
         content text,
         sender text,
         locale text,
         encoding text,
         segments integer,
         country text,
         mcc_mnc text,
         status text not null,
         reason text,
         carrier_code text,
         provider text,
         route text,
         attempts integer not null,
         cost_amount text,
         cost_currency text,
         metadata text,
         actor text not null,
         send_at bigint,
         expires_at bigint,
         due_at bigint,
         created_at bigint not null,
         updated_at bigint not null
       ) ${twice}`,
      'create index messages_of_project on messages (project_id, mode, created_at, id)',
      'create index messages_of_recipient on messages (recipient_hash, project_id, mode, created_at, id)',
      `create index messages_of_verification on messages (verification_id, send_index)
         where verification_id is not null`,

      // Messages by their due_at, as it was at some time; an index of them would have each receipt write all indexes anew.
      `create table message_looks (
         due_at bigint not null,
         message_id text not null
       )`,
      'create index message_looks_due on message_looks (due_at, message_id)',

      `create table message_attempts (
         message_id text not null,
         number integer not null,
         provider text not null,
         sender text,
         status text not null,
         reason text,
         carrier_code text,
         cost_amount text,
         cost_currency text,
         started_at bigint not null,
         ended_at bigint,
         primary key (message_id, number)
       ) ${twiceKeyed}`,

      // One row for each id a carrier gave: receipts are found by it.
      `create table message_parts (
         provider text not null,
         provider_id text not null,
         message_id text not null,
         attempt integer not null,
         part integer not null,
         status text not null,
         reason text,
         carrier_code text,
         cost_amount text,
         cost_currency text,
         status_at bigint not null,
         primary key (provider, provider_id)
       ) ${twiceKeyed}`,
      'create index message_parts_of_message on message_parts (message_id, attempt, part)',

      // Each report once; without a message: parked until the message turns up.
      `create table receipts (
         key text primary key,
         provider text not null,
         provider_id text,
         reference text,
         message_id text,
         attempt integer,
         status text not null,
         reason text,
         carrier_code text,
         details text,
         at bigint,
         received_at bigint not null,
         due_at bigint
       ) ${hotKeyed}`,
      'create index receipts_of_message on receipts (message_id, received_at) where message_id is not null',
      // For counts and the purge, which say so in these words. Without the time Postgres would take it for every look-up of
      // one that is parked, as there are none when it gathers its statistics, and read all that have been since.
      'create index receipts_parked on receipts (received_at) where message_id is null and received_at > 0',
      // Were the provider first, Postgres could take either for a look-up by the other, and read all that is parked.
      `create index receipts_parked_by_id on receipts (provider_id, provider)
         where message_id is null and provider_id is not null`,
      `create index receipts_parked_by_reference on receipts (reference, provider)
         where message_id is null and reference is not null`,
      'create index receipts_due on receipts (due_at) where due_at is not null',

      `create table inbound_messages (
         id text primary key,
         provider text not null,
         provider_id text not null,
         project_id text,
         mode text not null,
         channel text not null,
         sender text not null,
         sender_hash text not null,
         recipient text not null,
         text text not null,
         at bigint,
         received_at bigint not null,
         unique (provider, provider_id)
       )`,
      'create index inbound_messages_of_project on inbound_messages (project_id, mode, received_at, id)',

      // Whoever claims a job moves due_at to the end of its lease; the claim is the fencing token. Dead ones are never due.
      `create table jobs (
         queue text not null,
         id text not null,
         lane integer not null,
         owner text not null,
         due_at bigint,
         claim integer not null,
         tries integer not null,
         reason text,
         payload text,
         primary key (queue, id)
       ) ${hotKeyed}`,
      'create index jobs_due on jobs (queue, lane, owner, due_at)',

      `create table routing_tables (
         version integer primary key,
         digest text not null,
         body text not null,
         actor text not null,
         created_at bigint not null
       )`,

      // Counted twice: over short periods, kept for an hour, and over hours, kept for days.
      `create table provider_stats (
         provider text not null,
         channel text not null,
         country text not null,
         seconds integer not null,
         at bigint not null,
         sent bigint not null,
         accepted bigint not null,
         rejected bigint not null,
         failed bigint not null,
         unknown bigint not null,
         delivered bigint not null,
         undelivered bigint not null,
         codes_sent bigint not null,
         codes_approved bigint not null,
         primary key (provider, channel, country, seconds, at)
       ) ${hotKeyed}`,
      'create index provider_stats_by_time on provider_stats (seconds, at)',

      // GCRA: the theoretical arrival time of the next message, in microseconds.
      `create table rate_buckets (
         key text primary key,
         arrival bigint not null
       ) ${hotKeyed}`,
    ];
  },
};
