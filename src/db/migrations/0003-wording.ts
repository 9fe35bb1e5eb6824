import type { Migration } from '../migrate.ts';

/** How projects word their code messages, and the pages and apps that may read them. */
export const wording: Migration = {
  version: 3,
  name: 'wording',
  statements: () => [
    `create table code_messages (
       project_id text not null,
       channel text not null,
       locale text not null,
       text text not null,
       subject text,
       confirm text,
       confirm_subject text,
       context text not null,
       updated_at bigint not null,
       primary key (project_id, channel, locale)
     )`,
    `create table origins (
       project_id text not null,
       host text not null,
       token text not null,
       verified_by text,
       verified_at bigint,
       created_at bigint not null,
       primary key (project_id, host)
     )`,
    `create table android_apps (
       project_id text not null,
       hash text not null,
       created_at bigint not null,
       primary key (project_id, hash)
     )`,
  ],
};
