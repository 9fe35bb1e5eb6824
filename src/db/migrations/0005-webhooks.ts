import type { Migration } from '../migrate.ts';

const HOT = 'with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)';

/** Endpoints, how far each has been told, and what became of each delivery. */
export const webhooks: Migration = {
  version: 5,
  name: 'webhooks',
  statements(dialect) {
    const keyed = dialect === 'postgres' ? '' : 'without rowid';
    const hotKeyed = dialect === 'postgres' ? HOT : keyed;
    return [
      `create table webhook_endpoints (
         id text primary key,
         project_id text not null,
         mode text not null,
         url text not null,
         events text not null,
         description text,
         sealed_headers text,
         status text not null,
         disabled_reason text,
         disabled_at bigint,
         format text not null,
         api_version text not null,
         ordering text not null,
         signature text not null,
         sealed_secrets text not null,
         public_keys text,
         known_from bigint not null,
         created_at bigint not null,
         updated_at bigint not null
       )`,
      'create index webhook_endpoints_of_project on webhook_endpoints (project_id, mode, created_at, id)',

      // Of each enabled endpoint: the log is its queue, so that what waits for it costs nothing.
      `create table webhook_cursors (
         endpoint_id text primary key,
         project_id text not null,
         mode text not null,
         next bigint not null,
         claim bigint not null,
         leased_until bigint not null,
         due_at bigint,
         rests_until bigint not null,
         failures integer not null,
         failing_since bigint
       ) ${hotKeyed}`,
      'create index webhook_cursors_of_project on webhook_cursors (project_id, mode)',
      'create index webhook_cursors_due on webhook_cursors (due_at) where due_at is not null',

      // Written after an attempt, not before: what has no row is found in the log.
      `create table webhook_deliveries (
         endpoint_id text not null,
         log_index bigint not null,
         id text not null unique,
         event_id text not null,
         event_type text not null,
         object_id text,
         status text not null,
         attempts integer not null,
         step integer not null,
         history text not null,
         asked integer not null,
         next_at bigint,
         created_at bigint not null,
         updated_at bigint not null,
         primary key (endpoint_id, log_index)
       ) ${hotKeyed}`,
      'create index webhook_deliveries_due on webhook_deliveries (endpoint_id, next_at) where next_at is not null',
      `create index webhook_deliveries_of_object on webhook_deliveries (endpoint_id, object_id, log_index)
         where object_id is not null and status = 'pending'`,

      // What was asked for again: from `next` up to `until`, if not older than `since` and not delivered.
      `create table webhook_replays (
         endpoint_id text not null,
         since bigint not null,
         next bigint not null,
         until bigint not null,
         primary key (endpoint_id, since)
       ) ${keyed}`,
    ];
  },
};
