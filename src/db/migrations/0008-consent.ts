/** Consent: the ledger, what holds now, and whom nothing is sent to. A part of migration 8. */
export function consentTables(hot: string, keyed: string): string[] {
  return [
    // The ledger: rows are added, and go with the person only.
    `create table consent_entries (
       id text primary key,
       project_id text not null,
       mode text not null,
       channel text not null,
       purpose text not null,
       address_hash text not null,
       address_masked text not null,
       state text not null,
       source text not null,
       double_opt_in integer not null,
       wording text,
       proof text,
       actor text not null,
       at bigint not null,
       recorded_at bigint not null
     )`,
    'create index consent_entries_of_address on consent_entries (address_hash, project_id, mode, recorded_at, id)',

    // What the newest entry says.
    `create table consents (
       project_id text not null,
       mode text not null,
       address_hash text not null,
       channel text not null,
       purpose text not null,
       address text not null,
       address_masked text not null,
       state text not null,
       resumes integer not null,
       entry_id text not null,
       at bigint not null,
       expires_at bigint,
       updated_at bigint not null,
       primary key (address_hash, project_id, mode, channel, purpose)
     ) ${keyed}`,
    'create index consents_of_project on consents (project_id, mode, updated_at, entry_id)',
    // Few among many.
    `create index consents_not_granted on consents (project_id, mode, state, updated_at, entry_id)
       where state <> 'granted'`,

    `create table consent_settings (
       project_id text not null,
       mode text not null,
       help text,
       stop_scope text not null,
       updated_at bigint not null,
       primary key (project_id, mode)
     ) ${keyed}`,

    `create table suppressions (
       id text primary key,
       project_id text not null,
       mode text not null,
       address_hash text not null,
       channel text not null,
       purpose text not null,
       sender text not null,
       reason text not null,
       review integer not null,
       address text,
       note text,
       cause text,
       proof text,
       actor text not null,
       created_at bigint not null
     ) ${hot}`,
    `create unique index suppressions_of_address
       on suppressions (address_hash, project_id, mode, channel, purpose, sender, reason)`,
    'create index suppressions_of_project on suppressions (project_id, mode, created_at, id)',
    'create index suppressions_by_reason on suppressions (project_id, mode, reason, created_at, id)',
    'create index suppressions_to_review on suppressions (project_id, mode, created_at, id) where review = 1',
    "create index suppressions_of_codes on suppressions (created_at) where purpose = 'all'",
  ];
}
