import type { Migration } from '../migrate.ts';
import { RARE_EVENTS } from '../rare-events.ts';

const HOT = 'with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)';

/**
 * The tamper-evident log over `events`. A trigger puts every new event on the sealer's list, whoever inserts it:
 * positions are given out before they are committed, so no reader can tell from them alone what it has not seen yet.
 */
export const audit: Migration = {
  version: 4,
  name: 'audit',
  statements(dialect) {
    const postgres = dialect === 'postgres';
    const hot = postgres ? HOT : '';
    const keyed = postgres ? '' : 'without rowid';
    return [
      `create table unsealed_events (position bigint primary key) ${hot}`,
      'insert into unsealed_events (position) select position from events',
      ...(postgres ? POSTGRES_TRIGGER : SQLITE_TRIGGER),

      // Never changed but for the salt, whose removal makes the commitment to personal fields unreadable.
      `create table audit_leaves (
         log_index bigint primary key,
         event_id text not null unique,
         project_id text not null,
         mode text not null,
         type text not null,
         created_at bigint not null,
         salt text,
         commitment text,
         hash text not null
       ) ${keyed}`,
      `create index events_of_rare_types on events (project_id, mode, type, position) where ${RARE_EVENTS}`,
      'create index audit_leaves_of_project on audit_leaves (project_id, mode, log_index)',

      // Roots of complete subtrees of 256^level leaves, from level 1 on; a leaf's own hash is in its row.
      `create table audit_nodes (
         level integer not null,
         number bigint not null,
         hash text not null,
         primary key (level, number)
       ) ${keyed}`,

      // One row: whoever appends leaves holds it.
      `create table audit_state (
         id integer primary key,
         size bigint not null
       ) ${keyed}`,
      'insert into audit_state (id, size) values (1, 0)',

      `create table audit_checkpoints (
         number bigint primary key,
         size bigint not null,
         note text not null,
         created_at bigint not null
       ) ${keyed}`,
      'create index audit_checkpoints_by_size on audit_checkpoints (size)',

      `create table audit_keys (
         id text primary key,
         verifier text not null,
         sealed_private_jwk text,
         created_at bigint not null,
         retired_at bigint,
         retired_by text
       ) ${keyed}`,

      // How far each receiver outside (an anchor, a SIEM) has been told.
      `create table audit_outlets (
         name text primary key,
         next bigint not null,
         claim integer not null,
         leased_until bigint not null,
         failures integer not null,
         failing_since bigint,
         due_at bigint not null,
         updated_at bigint not null
       ) ${keyed}`,
    ];
  },
};

const POSTGRES_TRIGGER = [
  `create function list_unsealed_events() returns trigger language plpgsql as $$
   begin
     insert into unsealed_events (position) select position from added;
     return null;
   end $$`,
  `create trigger events_unsealed after insert on events
   referencing new table as added for each statement execute function list_unsealed_events()`,
];

const SQLITE_TRIGGER = [
  `create trigger events_unsealed after insert on events begin
     insert into unsealed_events (position) values (new.position);
   end`,
];
