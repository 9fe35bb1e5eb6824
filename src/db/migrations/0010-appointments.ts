/** Appointments and their reminders. A part of migration 10. */
export function appointmentTables(hot: string, keyed: string): string[] {
  return [
    `create table appointments (
       id text primary key,
       project_id text not null,
       mode text not null,
       status text not null,
       starts_at bigint not null,
       time_zone text not null,
       contact_id text,
       channel text not null,
       recipient text not null,
       recipient_hash text not null,
       recipient_masked text not null,
       country text,
       sender text,
       locale text,
       content text not null,
       rules text not null,
       validity_seconds bigint,
       metadata text,
       plan integer not null,
       revision integer not null,
       answered_at bigint,
       actor text not null,
       created_at bigint not null,
       updated_at bigint not null
     ) ${hot}`,
    'create index appointments_of_project on appointments (project_id, mode, starts_at, id)',
    'create index appointments_by_status on appointments (project_id, mode, status, starts_at, id)',
    'create index appointments_of_recipient on appointments (recipient_hash, starts_at)',
    'create index appointments_of_contact on appointments (contact_id, starts_at) where contact_id is not null',

    // The primary key is what makes a reminder one: of an appointment at a time by a rule.
    `create table appointment_reminders (
       appointment_id text not null,
       plan integer not null,
       rule text not null,
       due_at bigint not null,
       status text not null,
       reason text,
       message_id text,
       primary key (appointment_id, plan, rule)
     ) ${keyed}`,

    `create table appointment_settings (
       project_id text not null,
       mode text not null,
       words text not null,
       answers text not null,
       updated_at bigint not null,
       primary key (project_id, mode)
     ) ${keyed}`,
  ];
}
