import type { Migration } from '../migrate.ts';

/** Tables that change all the time: room for updates in place, and vacuum long before a fifth of the table is dead. */
const HOT = 'with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)';

/** The tables of schema.ts. */
export const core: Migration = {
  version: 1,
  name: 'core',
  statements(dialect) {
    const postgres = dialect === 'postgres';
    const position = postgres ? 'bigint generated always as identity primary key' : 'integer primary key autoincrement';
    const hot = postgres ? HOT : '';
    /** Small rows found by their text key: on SQLite the table itself is the index. */
    const keyed = postgres ? '' : 'without rowid';
    const hotKeyed = postgres ? HOT : 'without rowid';
    return [
      `create table settings (
         key text primary key,
         value text not null
       ) ${keyed}`,

      `create table projects (
         id text primary key,
         name text not null,
         policy text not null,
         created_at bigint not null,
         updated_at bigint not null
       )`,

      `create table api_keys (
         id text primary key,
         project_id text not null references projects (id),
         mode text not null,
         name text not null,
         prefix text not null,
         hash text not null unique,
         scopes text not null,
         created_at bigint not null,
         expires_at bigint,
         revoked_at bigint
       )`,
      'create index api_keys_of_project on api_keys (project_id, created_at, id)',

      `create table signing_keys (
         kid text primary key,
         public_jwk text not null,
         sealed_private_jwk text not null,
         created_at bigint not null,
         active_from bigint not null,
         retires_at bigint
       )`,

      `create table verifications (
         id text primary key,
         project_id text not null,
         mode text not null,
         recipient text not null,
         recipient_hash text not null,
         status text not null,
         facts text not null,
         attempts integer not null,
         judged integer not null,
         sends text not null,
         step integer not null,
         next_send_at bigint,
         due_at bigint,
         created_at bigint not null,
         expires_at bigint not null,
         ended_at bigint,
         rev integer not null,
         sequence integer not null,
         approved_by text,
         code_hash text,
         sealed text
       ) ${hot}`,
      // Lists are newest first, with or without a recipient or status.
      'create index verifications_of_project on verifications (project_id, mode, created_at, id)',
      'create index verifications_of_recipient on verifications (recipient_hash, project_id, mode, created_at, id)',
      'create index verifications_by_status on verifications (project_id, mode, status, created_at, id)',
      'create index verifications_due on verifications (due_at) where due_at is not null',

      `create table limits (
         key text primary key,
         count integer not null,
         started_at bigint not null,
         expires_at bigint not null
       ) ${hotKeyed}`,
      'create index limits_expired on limits (expires_at)',

      `create table budgets (
         key text primary key,
         failures integer not null,
         started_at bigint not null,
         locked_until bigint not null,
         in_a_row integer not null,
         updated_at bigint not null
       ) ${hotKeyed}`,

      `create table known_devices (
         key text primary key,
         expires_at bigint not null
       ) ${keyed}`,
      'create index known_devices_expired on known_devices (expires_at)',

      `create table acceptances (
         challenge_id text primary key,
         attempt text not null,
         withdrawn text,
         code_hash text,
         at bigint not null
       ) ${keyed}`,
      'create index acceptances_by_time on acceptances (at)',
      'create index acceptances_withdrawn on acceptances (at) where code_hash is not null',

      `create table token_redemptions (
         jti text primary key,
         expires_at bigint not null,
         request text
       ) ${keyed}`,
      'create index token_redemptions_expired on token_redemptions (expires_at)',

      `create table idempotency (
         key text primary key,
         fingerprint text not null,
         seed text not null,
         response text,
         leased_until bigint not null,
         expires_at bigint not null
       ) ${hot}`,
      'create index idempotency_expired on idempotency (expires_at)',

      `create table events (
         position ${position},
         id text not null unique,
         type text not null,
         project_id text not null,
         mode text not null,
         actor text not null,
         verification_id text,
         message_id text,
         recipient_masked text,
         recipient_hash text,
         client text,
         data text not null,
         sequence integer,
         created_at bigint not null
       )`,
      'create index events_of_project on events (project_id, mode, position)',
      // Project and mode are in it for SQLite's planner, which without statistics goes by the number of columns.
      `create index events_of_verification on events (verification_id, project_id, mode, position)
         where verification_id is not null`,
      `create index events_of_recipient on events (recipient_hash, project_id, mode, position)
         where recipient_hash is not null`,
      'create index events_by_time on events (project_id, mode, created_at)',
      // Few among many.
      `create index events_of_failures on events (project_id, mode, created_at, position)
         where type = 'verification.attempt_failed'`,
    ];
  },
};
