import { EMAIL_HASH } from '../email-hash.ts';
import type { Migration } from '../migrate.ts';

/** Erasures, and what is kept how long. */
export const privacy: Migration = {
  version: 7,
  name: 'privacy',
  statements(dialect) {
    const keyed = dialect === 'postgres' ? '' : 'without rowid';
    const email = EMAIL_HASH[dialect];
    return [
      `create table erasures (
         id text primary key,
         project_id text not null,
         mode text not null,
         actor text not null,
         everywhere integer not null,
         status text not null,
         subject text,
         sweeps integer not null,
         counts text not null,
         requested_at bigint not null,
         completed_at bigint,
         due_at bigint,
         claim integer not null
       )`,
      'create index erasures_of_project on erasures (project_id, mode, requested_at, id)',
      'create index erasures_due on erasures (due_at) where due_at is not null',

      `create table erased_objects (
         erasure_id text not null,
         object_id text not null,
         proof text not null,
         primary key (erasure_id, object_id)
       ) ${keyed}`,

      `create table retention_cursors (
         name text primary key,
         value bigint not null
       ) ${keyed}`,
      "insert into retention_cursors (name, value) values ('run', 0)",

      `create table retention_tallies (
         class text not null,
         project_id text not null,
         mode text not null,
         sealed text not null,
         primary key (class, project_id, mode)
       ) ${keyed}`,

      `create index verifications_of_email on verifications (${email.hash}) where ${email.some}`,
      'create index inbound_messages_of_sender on inbound_messages (sender_hash, project_id, mode, received_at)',
    ];
  },
};
