import type { Migration } from '../migrate.ts';

/** Templates and their review; short links and who followed them. */
export const templates: Migration = {
  version: 9,
  name: 'templates',
  statements(dialect) {
    const keyed = dialect === 'postgres' ? '' : 'without rowid';
    return [
      `create table templates (
         id text primary key,
         project_id text not null,
         mode text not null,
         name text not null,
         created_at bigint not null,
         updated_at bigint not null,
         archived_at bigint
       )`,
      'create index templates_of_project on templates (project_id, mode, created_at, id)',
      // Of those in use a name stands for one.
      'create unique index templates_by_name on templates (project_id, mode, name) where archived_at is null',
      // What a version says never changes; its review does.
      `create table template_versions (
         template_id text not null,
         version integer not null,
         content text not null,
         status text not null,
         author text not null,
         submitted_by text,
         submitted_at bigint,
         reviewed_by text,
         reviewed_at bigint,
         reason text,
         created_at bigint not null,
         primary key (template_id, version)
       ) ${keyed}`,

      `create table links (
         id text primary key,
         project_id text not null,
         mode text not null,
         url text not null,
         message_id text,
         campaign_id text,
         recipient_hash text,
         recipient_masked text,
         created_at bigint not null,
         expires_at bigint not null,
         clicks bigint not null default 0,
         human_clicks bigint not null default 0,
         visitors bigint not null default 0,
         first_click_at bigint,
         last_click_at bigint
       )`,
      'create index links_of_project on links (project_id, mode, created_at, id)',
      'create index links_of_message on links (message_id) where message_id is not null',
      'create index links_of_campaign on links (campaign_id, created_at, id) where campaign_id is not null',
      'create index links_of_recipient on links (recipient_hash) where recipient_hash is not null',
      'create index links_expired on links (expires_at)',
      `create table link_visitors (
         link_id text not null,
         visitor text not null,
         at bigint not null,
         primary key (link_id, visitor)
       ) ${keyed}`,
    ];
  },
};
