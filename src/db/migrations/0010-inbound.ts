/** Messages from phones: whose they are, what is done about them, and what comes of it. A part of migration 10. */
export function inboundTables(hot: string, keyed: string): string[] {
  return [
    // `place` tells those apart that came in one report; `consent_at` is when STOP and the like were acted upon.
    ...[
      'place integer not null default 0',
      'due_at bigint',
      'tries integer not null default 0',
      'consent_at bigint',
      'handled_at bigint',
      'handled_by text',
      'reason text',
      'replies integer not null default 0',
      'conversation_id text',
    ].map((column) => `alter table inbound_messages add column ${column}`),
    'create index inbound_messages_due on inbound_messages (due_at) where due_at is not null',
    `create index inbound_messages_in_turn on inbound_messages (sender_hash, received_at, place, id)
       where due_at is not null`,
    `create index inbound_messages_of_conversation on inbound_messages (conversation_id, received_at, id)
       where conversation_id is not null`,

    // A number of ours is one project's.
    `create table numbers (
       number_key text primary key,
       number text not null,
       project_id text not null,
       mode text not null,
       created_at bigint not null
     ) ${keyed}`,
    'create index numbers_of_project on numbers (project_id, mode, number_key)',

    // Without a number: for all of them. Without words: whatever is written.
    `create table keywords (
       id text primary key,
       project_id text not null,
       mode text not null,
       number text,
       words text not null,
       match text not null,
       action text not null,
       created_at bigint not null,
       updated_at bigint not null
     )`,
    'create index keywords_of_project on keywords (project_id, mode, created_at, id)',
    `create table keyword_words (
       project_id text not null,
       mode text not null,
       number_key text not null,
       word text not null,
       keyword_id text not null,
       primary key (project_id, mode, number_key, word)
     ) ${keyed}`,
    'create index keyword_words_of_keyword on keyword_words (keyword_id)',

    // The questions are those of when it began.
    `create table survey_responses (
       id text primary key,
       project_id text not null,
       mode text not null,
       keyword_id text not null,
       channel text not null,
       address_hash text not null,
       address text not null,
       address_masked text not null,
       number text not null,
       number_key text not null,
       status text not null,
       survey text not null,
       answers text not null,
       misses integer not null,
       due_at bigint,
       created_at bigint not null,
       updated_at bigint not null
     ) ${hot}`,
    'create index survey_responses_of_keyword on survey_responses (keyword_id, created_at, id)',
    'create index survey_responses_of_project on survey_responses (project_id, mode, created_at, id)',
    'create index survey_responses_due on survey_responses (due_at) where due_at is not null',
    `create unique index survey_responses_open
       on survey_responses (address_hash, project_id, mode, channel, number_key) where due_at is not null`,
    'create index survey_responses_of_address on survey_responses (address_hash)',

    // One for each person, channel and number of ours.
    `create table conversations (
       id text primary key,
       project_id text not null,
       mode text not null,
       channel text not null,
       address_hash text not null,
       address text not null,
       address_masked text not null,
       number text not null,
       number_key text not null,
       status text not null,
       assignee text,
       unread integer not null,
       last_inbound_at bigint not null,
       last_at bigint not null,
       created_at bigint not null,
       updated_at bigint not null
     ) ${hot}`,
    `create unique index conversations_of_address
       on conversations (address_hash, project_id, mode, channel, number_key)`,
    'create index conversations_of_project on conversations (project_id, mode, last_at, id)',
    'create index conversations_by_status on conversations (project_id, mode, status, last_at, id)',
    `create index conversations_of_assignee on conversations (project_id, mode, assignee, last_at, id)
       where assignee is not null`,
    'create index conversations_unread on conversations (project_id, mode, (unread > 0), last_at, id)',
    'create index conversations_changed on conversations (project_id, mode, updated_at, id)',
  ];
}
