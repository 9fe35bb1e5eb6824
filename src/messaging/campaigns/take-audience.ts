import { sql } from 'kysely';
import { analyzeNew } from '../../db/analyze-new.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { type Audience, audience } from '../contacts/audience.ts';
import { type CampaignRow, CHUNK } from './campaign.ts';
import { insertChunks } from './chunks.ts';
import { endCampaign } from './end-campaign.ts';

/** After every id: the whole audience is written down. */
const TAKEN = '~';
/** Contacts written down in one transaction; a code waits no longer than for one. */
const PAGE = 2_500;
export const AUDIENCE_TABLES = ['contacts', 'contact_tags', 'list_members'];

/**
 * Writes the next contacts of the audience into the ledger, cut into chunks. Where it stands is in the campaign's row and
 * moves with them: whoever takes over goes on there. False: that was the last page, or the audience is gone.
 */
export async function takeAudience(db: Database, campaign: CampaignRow, now: number): Promise<boolean> {
  const { id, started_at } = campaign;
  const wanted = JSON.parse(campaign.audience) as Audience;
  if (campaign.position === null) await analyzeNew(db, AUDIENCE_TABLES);
  const page = await audiencePage(db, campaign, wanted, started_at ?? now);
  if (page === null) {
    await endCampaign(db, campaign, { status: 'failed', reason: 'audience_missing' }, now);
    return false;
  }
  const goesOn = await batchTransaction(db, {}, async (batch) => {
    const [[own]] = await batch.run(lockPosition(db, campaign));
    if (!own) return true;
    const [taken] = await batch.run(insertPage(db, id, page, own.chunks, now));
    const numbers = [...new Set(taken.map(({ chunk }) => Number(chunk)))].sort((a, b) => a - b);
    const last = taken.reduce((max, { contact_id }) => (contact_id > max ? contact_id : max), '');
    const isLast = taken.length < PAGE;
    await batch.commit(
      insertChunks(
        db,
        id,
        numbers.map((number) => ({ number, dueAt: now, reason: null })),
      ),
      db.kysely
        .updateTable('campaigns')
        .set({
          recipients: campaign.recipients + taken.length,
          ...(numbers.length > 0 && { chunks: numbers.at(-1) }),
          position: isLast ? TAKEN : last,
          ...(isLast && { status: 'running' as const }),
          updated_at: now,
        })
        .where('id', '=', id)
        .compile(),
    );
    return !isLast;
  });
  if (!goesOn && (await isEmpty(db, id))) {
    await endCampaign(db, { ...campaign, status: 'running' }, { status: 'completed', reason: 'empty_audience' }, now);
  }
  // The planner would take the ledger for as small as it was.
  if (!goesOn && db.dialect === 'postgres') {
    await sql`analyze campaign_recipients`.execute(db.kysely).catch(() => {});
  }
  return goesOn;
}

/** Cut into chunks with the numbers after those that there are. */
function insertPage(
  { kysely }: Database,
  campaign: string,
  page: NonNullable<Awaited<ReturnType<typeof audiencePage>>>,
  chunks: number,
  now: number,
) {
  return sql<{ contact_id: string; chunk: number }>`
    insert into campaign_recipients
      (campaign_id, contact_id, chunk, state, reason, variant, tries, planned_at, message_id, cost_amount,
       cost_currency, updated_at)
    select ${campaign}, id,
      ${sql.lit(chunks)} + (row_number() over (order by id) + ${sql.lit(CHUNK - 1)}) / ${sql.lit(CHUNK)},
      'waiting', null, null, 0, null, null, null, null, cast(${now} as bigint)
    from (${page}) as page
    where true
    returning contact_id, chunk
  `.compile(kysely);
}

/** The next ones, by id. Null: a part of the audience is gone. */
export async function audiencePage(
  db: Database,
  { project_id: project, mode, position }: Pick<CampaignRow, 'project_id' | 'mode' | 'position'>,
  wanted: Audience,
  startedAt: number,
) {
  const after = position ?? '';
  const condition = await audience(db, { project, mode }, wanted, startedAt, after);
  if ('missing' in condition) return null;
  return db.kysely
    .selectFrom('contacts')
    .select('id')
    .where(ofProject(db.dialect), '=', project)
    .where('mode', '=', mode)
    .where('created_at', '<=', startedAt)
    .where('id', '>', after)
    .where(condition)
    .orderBy('id')
    .limit(PAGE);
}

/** SQLite would rather sort all contacts of a project for each page than read on by their ids: not by this index. */
const ofProject = (dialect: Database['dialect']) => (dialect === 'sqlite' ? sql`+project_id` : sql.ref('project_id'));

/**
 * Nobody else has moved on from there. Answers with how many chunks there are, until the end of the transaction: slices that
 * were under way when the campaign was paused take numbers meanwhile.
 */
function lockPosition({ kysely }: Database, { id, position }: CampaignRow) {
  return kysely
    .updateTable('campaigns')
    .set((eb) => ({ chunks: eb.ref('chunks') }))
    .where('id', '=', id)
    .where('status', '=', 'preparing')
    .where((eb) => (position === null ? eb('position', 'is', null) : eb('position', '=', position)))
    .returning('chunks')
    .compile();
}

async function isEmpty({ kysely }: Database, id: string): Promise<boolean> {
  const row = await kysely.selectFrom('campaigns').select('recipients').where('id', '=', id).executeTakeFirst();
  return row?.recipients === 0;
}
