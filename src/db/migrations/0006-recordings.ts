import type { Migration } from '../migrate.ts';

/** Uploaded recordings that calls play. */
export const recordings: Migration = {
  version: 6,
  name: 'recordings',
  statements: (dialect) => [
    `create table recordings (
       id text primary key,
       project_id text not null,
       mode text not null,
       name text not null,
       format text not null,
       duration_ms integer not null,
       actor text not null,
       created_at bigint not null,
       audio ${dialect === 'postgres' ? 'bytea' : 'blob'} not null
     )`,
    'create index recordings_of_project on recordings (project_id, mode, created_at, id)',
  ],
};
