/** Automations: what each version says, who is in them, what was done for whom. A part of migration 10. */
export function automationTables(hot: string, keyed: string): string[] {
  return [
    `create table automations (
       id text primary key,
       project_id text not null,
       mode text not null,
       name text not null,
       status text not null,
       version integer not null,
       secret_number integer not null,
       scan_day text,
       scan_after text,
       scan_at bigint,
       created_at bigint not null,
       updated_at bigint not null,
       archived_at bigint
     )`,
    'create index automations_of_project on automations (project_id, mode, created_at, id)',
    "create index automations_active on automations (id) where status = 'active'",
    'create index automations_to_scan on automations (scan_at) where scan_at is not null',
    // What a version says never changes: whoever is in it goes on by it.
    `create table automation_versions (
       automation_id text not null,
       version integer not null,
       definition text not null,
       author text not null,
       created_at bigint not null,
       primary key (automation_id, version)
     ) ${keyed}`,

    // Locked by whoever lets a contact in.
    `create table automation_entries (
       automation_id text not null,
       contact_id text not null,
       entries integer not null,
       running integer not null,
       last_at bigint not null,
       window_at bigint not null,
       window_entries integer not null,
       primary key (automation_id, contact_id)
     ) ${keyed}`,
    'create index automation_entries_of_contact on automation_entries (contact_id)',
    `create table automation_refusals (
       automation_id text not null,
       reason text not null,
       count bigint not null,
       last_at bigint not null,
       primary key (automation_id, reason)
     ) ${keyed}`,

    `create table automation_runs (
       id text primary key,
       automation_id text not null,
       version integer not null,
       project_id text not null,
       mode text not null,
       contact_id text not null,
       status text not null,
       reason text,
       position integer not null,
       steps integer not null,
       tries integer not null,
       waiting_for text,
       due_at bigint,
       held integer not null,
       cause text not null,
       data text,
       depth integer not null,
       entered_at bigint not null,
       ended_at bigint,
       updated_at bigint not null
     ) ${hot}`,
    'create index automation_runs_of_automation on automation_runs (automation_id, entered_at, id)',
    'create index automation_runs_of_contact on automation_runs (contact_id, entered_at, id)',
    'create index automation_runs_ended on automation_runs (project_id, mode, ended_at) where ended_at is not null',
    // Counted by it, too.
    'create index automation_runs_by_status on automation_runs (automation_id, status, entered_at, id)',
    'create index automation_runs_held on automation_runs (automation_id, id) where held = 1',
    `create table automation_steps (
       run_id text not null,
       number integer not null,
       name text not null,
       kind text not null,
       outcome text not null,
       reason text,
       message_id text,
       at bigint not null,
       primary key (run_id, number)
     ) ${keyed}`,
    'create index automation_steps_of_message on automation_steps (message_id) where message_id is not null',
  ];
}
