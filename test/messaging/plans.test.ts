import { describe, expect, it } from 'vitest';
import { messageStatements } from '../../src/delivery/messages/statements.ts';
import { watchMessages } from '../../src/delivery/messages/watch.ts';
import { createQueue } from '../../src/jobs/queue.ts';
import { listAppointments } from '../../src/messaging/appointments/appointments-table.ts';
import { endRuns } from '../../src/messaging/automations/end-runs.ts';
import { enterRuns } from '../../src/messaging/automations/enter.ts';
import { findStop } from '../../src/messaging/automations/find-stop.ts';
import { countRuns, listRuns } from '../../src/messaging/automations/runs-table.ts';
import { scanDates } from '../../src/messaging/automations/scan-dates.ts';
import { tendRuns } from '../../src/messaging/automations/tend-runs.ts';
import type { CampaignRow } from '../../src/messaging/campaigns/campaign.ts';
import { readRecipients } from '../../src/messaging/campaigns/read-recipients.ts';
import { countSums } from '../../src/messaging/campaigns/stats.ts';
import { findReplyOwners } from '../../src/messaging/consent/find-reply-owners.ts';
import { createConsentGate } from '../../src/messaging/consent/gate.ts';
import { listConsents } from '../../src/messaging/consent/read-consents.ts';
import { listSuppressions } from '../../src/messaging/consent/read-suppressions.ts';
import { countUnread, listConversations } from '../../src/messaging/conversations/conversations-table.ts';
import { findLastWriter } from '../../src/messaging/inbound/number-owners.ts';
import { expireResponses, listResponses } from '../../src/messaging/inbound/survey-responses.ts';
import { listLinks } from '../../src/messaging/links/links.ts';
import { fill, openWatched, type WatchedDatabase } from '../db/watched-database.ts';
import { describeWith } from '../rig/stores.ts';

const OWNER = { project: 'prj_one', mode: 'live' as const };
const ROWS = 10_000;
const NOW = 1_800_000_000_000;
/** Filled, as far as the planner knows, a moment ago. */
const TABLES = [
  ...['contacts', 'contact_addresses', 'messages', 'message_attempts', 'events', 'links', 'consents', 'suppressions'],
  ...['automation_entries', 'automation_runs', 'jobs', 'appointments', 'appointment_reminders', 'conversations'],
  ...[
    'survey_responses',
    'message_looks',
    'campaign_recipients',
    'campaign_conversions',
    'consent_entries',
    'inbound_messages',
  ],
];
const OF_ALL = new RegExp(`(?:Seq Scan on|SCAN) (?:${TABLES.join('|')})\\b`);

async function fillAll(db: WatchedDatabase): Promise<void> {
  const own = { project_id: `'prj_one'`, mode: `'live'` };
  const times = { created_at: 'i', updated_at: 'i' };
  const person = { address_hash: `'hash' || i`, address: `'a'`, address_masked: `'a'` };
  const add = (table: Parameters<typeof fill>[1], columns: Record<string, string>) => fill(db, table, ROWS, columns);
  const contact_id = `'con' || i`;
  await add('contacts', { id: contact_id, ...own, attributes: `'{"birthday":"1990-05-05"}'`, ...times });
  const reached = { kind: `'phone'`, address_hash: `'hash' || i`, address: `'a'`, contact_id, created_at: 'i' };
  await add('contact_addresses', { ...own, ...reached });
  const sent = { purpose: `'marketing'`, channel: `'sms'`, recipient: `'a'`, recipient_hash: `'hash' || i` };
  const said = { recipient_masked: `'a'`, status: `'sent'`, attempts: '1', actor: `'a'` };
  await add('messages', { id: `'msg' || i`, ...own, ...sent, ...said, ...times });
  await add('message_looks', { message_id: `'msg' || i`, due_at: 'i' });
  const tried = { provider: `'p'`, sender: `'s'`, status: `'sent'`, started_at: 'i' };
  await add('message_attempts', { message_id: `'msg' || i`, number: '1', ...tried });
  const told = { type: `'message.sent'`, actor: `'a'`, recipient_hash: `'hash' || i`, data: `'{}'`, created_at: 'i' };
  await add('events', { id: `'evt' || i`, ...own, ...told });
  const led = { message_id: `'msg' || i`, campaign_id: `'cmp' || (i % 100)`, created_at: 'i', expires_at: 'i' };
  await add('links', { id: `'lnk' || i`, ...own, url: `'u'`, ...led });
  const handed = { contact_id, chunk: '(i + 499) / 500', state: `'sent'`, tries: '0', message_id: `'msg' || i` };
  await add('campaign_recipients', { campaign_id: `'cmp1'`, ...handed, updated_at: 'i' });
  const done = { reference: `'ref' || i`, contact_id, at: 'i', created_at: 'i' };
  await add('campaign_conversions', { campaign_id: `'cmp1'`, ...done });
  const entry = { channel: `'sms'`, purpose: `'marketing'`, state: `'revoked'`, source: `'api'`, double_opt_in: '0' };
  const by = { address_hash: `'hash' || i`, address_masked: `'a'`, actor: `'a'`, at: 'i', recorded_at: 'i' };
  await add('consent_entries', { id: `'cns' || i`, ...own, ...by, ...entry });
  const came = {
    provider: `'p'`,
    provider_id: `'i' || i`,
    channel: `'sms'`,
    sender: `'a'`,
    sender_hash: `'hash' || i`,
  };
  await add('inbound_messages', { id: `'inb' || i`, ...own, ...came, recipient: `'s'`, text: `'t'`, received_at: 'i' });
  const consented = {
    channel: `'sms'`,
    purpose: `'marketing'`,
    state: `'granted'`,
    resumes: '0',
    entry_id: `'cns' || i`,
  };
  await add('consents', { ...own, ...person, ...consented, at: 'i', updated_at: 'i' });
  const kept = { address_hash: `'hash' || i`, channel: `'*'`, purpose: `'marketing'`, sender: `'*'`, reason: `'stop'` };
  await add('suppressions', { id: `'sup' || i`, ...own, ...kept, review: '0', actor: `'a'`, created_at: 'i' });
  const entered = { entries: '1', running: '1', last_at: 'i', window_at: 'i', window_entries: '1' };
  await add('automation_entries', { automation_id: `'aut1'`, contact_id, ...entered });
  const run = { version: '1', contact_id, status: `'running'`, position: '0', steps: '0', tries: '0', held: '0' };
  const since = { cause: `'api'`, depth: '0', entered_at: 'i', updated_at: 'i' };
  await add('automation_runs', { id: `'run' || i`, automation_id: `'aut1'`, ...own, ...run, ...since });
  const job = { lane: '1', owner: `'prj_one'`, due_at: 'i', claim: '0', tries: '0' };
  await add('jobs', { queue: `'automation_runs'`, id: `'run' || i`, ...job });
  const visit = { status: `'scheduled'`, starts_at: 'i', time_zone: `'UTC'`, contact_id, channel: `'sms'` };
  const visitor = { recipient: `'a'`, recipient_hash: `'hash' || i`, recipient_masked: `'a'` };
  const plan = { content: `'{}'`, rules: `'[]'`, plan: '1', revision: '1', actor: `'a'` };
  await add('appointments', { id: `'apt' || i`, ...own, ...visit, ...visitor, ...plan, ...times });
  const reminder = { plan: '1', rule: `'r'`, due_at: 'i', status: `'planned'` };
  await add('appointment_reminders', { appointment_id: `'apt' || i`, ...reminder });
  const talk = { channel: `'sms'`, number: `'1'`, number_key: `'1'`, status: `'closed'`, assignee: `'a' || i` };
  const last = { unread: '0', last_inbound_at: 'i', last_at: 'i' };
  await add('conversations', { id: `'cnv' || i`, ...own, ...person, ...talk, ...last, ...times });
  const answered = { keyword_id: `'kwd' || (i % 100)`, channel: `'sms'`, number: `'1'`, number_key: `'1'` };
  const survey = { status: `'completed'`, survey: `'{}'`, answers: `'[]'`, misses: '0' };
  await add('survey_responses', { id: `'srv' || i`, ...own, ...person, ...answered, ...survey, ...times });
  const automation = { name: `'a'`, status: `'active'`, version: '1', secret_number: '1', ...times };
  await fill(db, 'automations', 1, { id: `'aut1'`, ...own, ...automation, scan_at: '1' });
  const definition = JSON.stringify({
    trigger: { type: 'date', attribute: 'birthday', repeat: 'yearly' },
    steps: [{ type: 'wait', seconds: 1 }],
  });
  const version = { version: '1', definition: `'${definition}'`, author: `'a'`, created_at: '1' };
  await fill(db, 'automation_versions', 1, { automation_id: `'aut1'`, ...version });
}

const LIMIT = 3;
const page = { before: null, limit: LIMIT };
const person = (i: number) => ({ project_id: null, mode: 'live' as const, sender_hash: `hash${i}`, recipient: 's' });
const key = (index: string, columns: string) => ({ postgres: index, sqlite: `PRIMARY KEY (${columns})` });
const byId = (table: string) => ({ postgres: `${table}_pkey`, sqlite: `sqlite_autoindex_${table}_1` });
const open = {
  ...{ id: 'aut1', version: 1, owner: OWNER },
  definition: { trigger: { type: 'webhook' as const }, steps: [{ type: 'wait' as const, seconds: 1 }] },
};

const watch: Work = (db) => {
  const choice = { route: () => ({ candidates: [] }) as never };
  return watchMessages({ db, queue: queueOf(db), choice, receiver: { lookAgain: async () => 0 } }, 300);
};
const lockMessages: Work = async (db) => {
  const query = messageStatements(db).lockMessages(['msg7', 'msg8']);
  if (query) await db.kysely.executeQuery(query);
};

type Found = string | { postgres: string; sqlite: string };
type Work = (db: WatchedDatabase) => Promise<unknown>;

const campaign = { id: 'cmp1', project_id: 'prj_one', mode: 'live', channel: 'sms', chunks: 5 } as CampaignRow;
const recipients: Work = (db) => readRecipients(db.kysely, campaign, { state: 'sent' }, LIMIT);
const figures: Work = (db) => countSums(db.kysely, campaign);

const queueOf = (db: WatchedDatabase) => createQueue(db, 'automation_runs', [1]);
const enter: Work = (db) => {
  const entries = [1, 2, 3].map((i) => ({ contactId: `con${i}`, key: 'k', cause: 'api' as const }));
  return enterRuns({ db, queue: queueOf(db) }, open, entries, NOW);
};
const end: Work = (db) =>
  db.kysely
    .transaction()
    .execute((trx) =>
      endRuns(trx, db.dialect, queueOf(db), ['run5', 'run6'], { status: 'stopped', reason: 'requested' }, NOW),
    );
const gate: Work = (db) =>
  createConsentGate(db)([
    { ...OWNER, addressHash: 'hash7', channel: 'sms', purpose: 'marketing', sender: null },
  ] as Parameters<ReturnType<typeof createConsentGate>>[0]);
const CASES: [what: string, work: Work, found: Found][] = [
  ['what came of a campaign', figures, 'campaign_recipients_of_chunk'],
  ['its messages', figures, byId('messages')],
  ['who has converted', figures, key('campaign_conversions_pkey', 'campaign_id=?')],
  ['who has opted out of it', figures, 'suppressions_of_address'],
  ['who has revoked', figures, 'consent_entries_of_address'],
  ['who has replied', figures, 'inbound_messages_of_sender'],
  ['what its recipients cost', recipients, byId('messages')],
  ['messages to be looked at', watch, 'message_looks_due'],
  ['what is known of them', watch, byId('messages')],
  ['messages that receipts are about', lockMessages, byId('messages')],
  [
    'runs of a status',
    (db) => listRuns(db.kysely, OWNER, 'aut1', { status: 'failed' }, null, LIMIT),
    'automation_runs_by_status',
  ],
  ['how many runs there are', (db) => countRuns(db.kysely, 'aut1'), 'automation_runs_by_status'],
  ['held runs', (db) => tendRuns(db, queueOf(db), NOW), 'automation_runs_held'],
  [
    'what ends a run',
    (db) => findStop(db, { project_id: 'prj_one', mode: 'live', contact_id: 'con9', entered_at: 1 }, open.definition),
    { postgres: 'events_of_', sqlite: 'events_of_recipient' },
  ],
  ['contacts that are let in', enter, byId('contacts')],
  ['what they have entered', enter, key('automation_entries_pkey', 'automation_id=? AND contact_id=?')],
  ['jobs of runs that end', end, key('jobs_pkey', 'queue=? AND id=?')],
  ['contacts of a day', (db) => scanDates({ db, queue: queueOf(db) }, NOW), 'contacts_of_project'],
  ['whom nothing is sent to', gate, 'suppressions_of_address'],
  [
    'refusals of a person',
    (db) => listSuppressions(db.kysely, OWNER, { hash: 'hash7', ...page }),
    'suppressions_of_address',
  ],
  [
    'refusals for a reason',
    (db) => listSuppressions(db.kysely, OWNER, { reason: 'bounce', ...page }),
    'suppressions_by_reason',
  ],
  [
    'doubtful refusals',
    (db) => listSuppressions(db.kysely, OWNER, { review: true, ...page }),
    'suppressions_to_review',
  ],
  [
    'consents that are pending',
    (db) => listConsents(db.kysely, OWNER, { state: 'pending', ...page }),
    'consents_not_granted',
  ],
  [
    'who has written to a phone',
    (db) => findReplyOwners(db, person(7) as never, 'hash7'),
    key('message_attempts_pkey', 'message_id=?'),
  ],
  [
    'who has last written to a phone',
    (db) => findLastWriter(db, person(7) as never),
    key('message_attempts_pkey', 'message_id=?'),
  ],
  ['links of a message', (db) => listLinks(db.kysely, OWNER, { messageId: 'msg7' }, page), 'links_of_message'],
  ['links of a campaign', (db) => listLinks(db.kysely, OWNER, { campaignId: 'cmp7' }, page), 'links_of_campaign'],
  [
    'appointments of a contact',
    (db) => listAppointments(db, OWNER, { contactId: 'con7' }, null, LIMIT),
    'appointments_of_contact',
  ],
  [
    'appointments of a person',
    (db) => listAppointments(db, OWNER, { recipientHash: 'hash7' }, null, LIMIT),
    'appointments_of_recipient',
  ],
  [
    'appointments of a status',
    (db) => listAppointments(db, OWNER, { status: 'missed' }, null, LIMIT),
    'appointments_by_status',
  ],
  [
    'reminders of appointments',
    (db) => listAppointments(db, OWNER, {}, null, 101),
    key('appointment_reminders_pkey', 'appointment_id=?'),
  ],
  [
    'conversations with a person',
    (db) => listConversations(db.kysely, OWNER, { addressHash: 'hash7' }, null, LIMIT),
    'conversations_of_address',
  ],
  [
    'conversations of a status',
    (db) => listConversations(db.kysely, OWNER, { status: 'open' }, null, LIMIT),
    'conversations_by_status',
  ],
  [
    'conversations of an agent',
    (db) => listConversations(db.kysely, OWNER, { assignee: 'a7' }, null, LIMIT),
    'conversations_of_assignee',
  ],
  [
    'unread conversations',
    (db) => listConversations(db.kysely, OWNER, { unread: true }, null, LIMIT),
    'conversations_unread',
  ],
  [
    'how many are unread',
    (db) => countUnread(db.kysely, OWNER),
    { postgres: 'Index Scan', sqlite: 'conversations_unread' },
  ],
  [
    'responses to a survey',
    (db) => listResponses(db.kysely, OWNER, { keywordId: 'kwd7' }, null, LIMIT),
    'survey_responses_of_keyword',
  ],
  ['surveys nobody answers any more', (db) => expireResponses(db, NOW), 'survey_responses_due'],
];

function looksUp(dialect: 'sqlite' | 'postgres'): void {
  it('finds its rows by the index that is for them, and reads no table whole', async () => {
    const db = await openWatched(dialect, TABLES);
    await fillAll(db);
    for (const [what, work, found] of CASES) {
      const plans = (await db.plansOf(() => work(db))).join('\n\n');
      expect.soft(plans, what).toContain(typeof found === 'string' ? found : found[dialect]);
      expect.soft(plans, what).not.toMatch(OF_ALL);
    }
  });
}

describe('a look among many rows, on SQLite', () => looksUp('sqlite'));
await describeWith(['postgres'], 'a look among many rows, on PostgreSQL', () => looksUp('postgres'));
