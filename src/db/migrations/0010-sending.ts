/** When and how often a project sends, and what its campaigns brought about. A part of migration 10. */
export function sendingTables(hot: string, keyed: string): string[] {
  return [
    `create table sending_rules (
       project_id text not null,
       mode text not null,
       rules text not null,
       updated_at bigint not null,
       primary key (project_id, mode)
     ) ${keyed}`,

    // The newest sends to a contact, newest first, each 43 characters: 13 of its time, 30 of what it was for.
    `create table contact_frequency (
       contact_id text not null,
       purpose text not null,
       sends text not null,
       updated_at bigint not null,
       primary key (contact_id, purpose)
     ) ${hot}`,
    'create index contact_frequency_by_age on contact_frequency (updated_at)',

    `create table campaign_conversions (
       campaign_id text not null,
       reference text not null,
       contact_id text not null,
       variant text,
       value_amount text,
       value_currency text,
       at bigint not null,
       created_at bigint not null,
       primary key (campaign_id, reference)
     ) ${keyed}`,
    'create index campaign_conversions_of_contact on campaign_conversions (contact_id, at)',
  ];
}
