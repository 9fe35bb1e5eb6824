import type { Migration } from '../migrate.ts';
import { consentTables } from './0008-consent.ts';

const HOT = 'with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)';

/** Contacts and how they are reached, lists, segments, imports. */
export const people: Migration = {
  version: 8,
  name: 'people',
  statements(dialect) {
    const postgres = dialect === 'postgres';
    const hot = postgres ? HOT : '';
    const keyed = postgres ? '' : 'without rowid';
    return [
      // A contact needs no address in particular: who is known by an id of the app alone is one too.
      `create table contacts (
         id text primary key,
         project_id text not null,
         mode text not null,
         external_id text,
         attributes text not null,
         locale text,
         country text,
         time_zone text,
         time_zone_source text,
         created_at bigint not null,
         updated_at bigint not null
       ) ${hot}`,
      'create index contacts_of_project on contacts (project_id, mode, created_at, id)',
      // What tells rows apart comes first: trees are flatter, and are compared by one column.
      `create unique index contacts_by_external_id on contacts (external_id, project_id, mode)
         where external_id is not null`,

      // An address is one contact's in its project and mode.
      `create table contact_addresses (
         project_id text not null,
         mode text not null,
         kind text not null,
         address_hash text not null,
         address text not null,
         contact_id text not null,
         created_at bigint not null,
         primary key (address_hash, kind, project_id, mode)
       ) ${keyed}`,
      'create unique index contact_addresses_of_contact on contact_addresses (contact_id, kind)',

      `create table contact_tags (
         project_id text not null,
         mode text not null,
         tag text not null,
         contact_id text not null,
         primary key (project_id, mode, tag, contact_id)
       ) ${keyed}`,
      'create index contact_tags_of_contact on contact_tags (contact_id)',

      // What an attribute may hold: the values are in the contact's JSON. A name keeps its type for good, so that a
      // value always is what its definition says.
      `create table contact_attributes (
         project_id text not null,
         mode text not null,
         name text not null,
         type text not null,
         created_at bigint not null,
         archived_at bigint,
         primary key (project_id, mode, name)
       ) ${keyed}`,

      `create table lists (
         id text primary key,
         project_id text not null,
         mode text not null,
         name text not null,
         created_at bigint not null,
         updated_at bigint not null
       )`,
      'create index lists_of_project on lists (project_id, mode, created_at, id)',
      `create table list_members (
         list_id text not null,
         contact_id text not null,
         added_at bigint not null,
         primary key (list_id, contact_id)
       ) ${keyed}`,
      'create index list_members_of_contact on list_members (contact_id)',

      `create table segments (
         id text primary key,
         project_id text not null,
         mode text not null,
         name text not null,
         filter text not null,
         created_at bigint not null,
         updated_at bigint not null
       )`,
      'create index segments_of_project on segments (project_id, mode, created_at, id)',

      // `position` is how far rows are worked in, in bytes of the text; it moves with what they changed.
      `create table contact_imports (
         id text primary key,
         project_id text not null,
         mode text not null,
         actor text not null,
         status text not null,
         reason text,
         options text not null,
         format text,
         bytes bigint not null,
         position bigint not null,
         rows bigint not null,
         created bigint not null,
         updated bigint not null,
         skipped bigint not null,
         failed bigint not null,
         created_at bigint not null,
         started_at bigint,
         ended_at bigint,
         updated_at bigint not null
       ) ${hot}`,
      'create index contact_imports_of_project on contact_imports (project_id, mode, created_at, id)',
      'create index contact_imports_by_status on contact_imports (status, updated_at)',
      // The upload as UTF-8, until it is worked in.
      `create table contact_import_chunks (
         import_id text not null,
         position bigint not null,
         body ${postgres ? 'bytea' : 'blob'} not null,
         primary key (import_id, position)
       )`,
      // Not compressed: that takes longer than to keep it for the minutes it is needed.
      ...(postgres ? ['alter table contact_import_chunks alter column body set storage external'] : []),
      `create table contact_import_errors (
         import_id text not null,
         row bigint not null,
         number bigint not null,
         field text not null,
         reason text not null,
         value text,
         primary key (import_id, row, number)
       ) ${keyed}`,

      ...consentTables(hot, keyed),
    ];
  },
};
