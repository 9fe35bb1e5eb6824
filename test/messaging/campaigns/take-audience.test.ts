import { type CompiledQuery, sql } from 'kysely';
import { expect, it } from 'vitest';
import type { Database } from '../../../src/db/open.ts';
import { audiencePage, takeAudience } from '../../../src/messaging/campaigns/take-audience.ts';
import { databasesOf, onEachDialect } from '../../db/on-each-dialect.ts';
import { describeWith } from '../../rig/stores.ts';

const PEOPLE = 10_000;
const NOW = Date.UTC(2026, 0, 1);
const ID = sql`'con_' || lpad(i::text, 26, '0')`;

interface Plan {
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

function rowsRead(plan: Plan, table: string): number {
  const { 'Actual Rows': found, 'Rows Removed by Filter': removed = 0, 'Actual Loops': loops, Plans = [] } = plan;
  const own = plan['Relation Name'] === table ? (found + removed) * loops : 0;
  return Plans.reduce((sum, one) => sum + rowsRead(one, table), own);
}

async function explain({ kysely }: Database, { sql: text, parameters }: CompiledQuery): Promise<Plan> {
  const { rows } = await kysely.executeQuery<{ 'QUERY PLAN': [{ Plan: Plan }] }>({
    ...sql`select 1`.compile(kysely),
    ...{ sql: `explain (analyze, format json) ${text}`, parameters },
  });
  const [found] = rows;
  if (!found) throw new Error('no plan');
  return found['QUERY PLAN'][0].Plan;
}

await describeWith(['postgres'], 'an audience that is written down in pages', () => {
  const { open } = databasesOf('postgres');

  it('is read on from where it stands: a page in the midst of a list does not read what comes before', async () => {
    const db = await open();
    await sql`insert into contacts (id, project_id, mode, attributes, created_at, updated_at)
      select ${ID}, 'prj_one', 'live', '{}', ${NOW}, ${NOW} from generate_series(1, ${PEOPLE}) as i`.execute(db.kysely);
    await sql`insert into lists (id, project_id, mode, name, created_at, updated_at)
      values ('lst_one', 'prj_one', 'live', 'All', ${NOW}, ${NOW})`.execute(db.kysely);
    await sql`insert into list_members (list_id, contact_id, added_at)
      select 'lst_one', ${ID}, ${NOW} from generate_series(1, ${PEOPLE}) as i`.execute(db.kysely);
    await sql`analyze contacts, list_members`.execute(db.kysely);

    const place = { project_id: 'prj_one', mode: 'live', position: `con_${String(6_000).padStart(26, '0')}` } as const;
    const page = await audiencePage(db, place, { lists: ['lst_one'] }, NOW);
    if (!page) throw new Error('no page');
    const taken = await page.execute();
    expect(taken[0]?.id).toBe(`con_${String(6_001).padStart(26, '0')}`);
    const plan = await explain(db, page.compile());
    for (const table of ['contacts', 'list_members']) {
      expect(rowsRead(plan, table), table).toBeLessThanOrEqual(2 * taken.length);
    }
  });
});

await onEachDialect('a campaign that is resumed', ({ open }) => {
  const campaign = (db: Database) => db.kysely.selectFrom('campaigns').selectAll().executeTakeFirstOrThrow();

  async function begin(position: string | null) {
    const db = await open();
    const { kysely } = db;
    const owner = { project_id: 'prj_one', mode: 'live' as const };
    const times = { created_at: NOW, updated_at: NOW };
    const people = ['con_a', 'con_b'];
    await kysely
      .insertInto('contacts')
      .values(people.map((id) => ({ id, ...owner, attributes: '{}', ...times })))
      .execute();
    await kysely
      .insertInto('contact_tags')
      .values(people.map((contact_id) => ({ contact_id, tag: 'vip', ...owner })))
      .execute();
    await kysely
      .insertInto('campaigns')
      .values({
        ...{ id: 'cmp_one', ...owner, name: '', status: 'preparing', channel: 'sms', purpose: 'marketing' },
        ...{ audience: '{"tags":["vip"]}', content: '{}', validity_seconds: 3_600, reserved: 0, spent: 0, position },
        ...{ recipients: 0, chunks: 1, actor: 'x', ...times },
      })
      .execute();
    const before = await campaign(db);
    // A slice that was under way lets its recipients wait on in a chunk of their own.
    await kysely.updateTable('campaigns').set({ chunks: 2 }).execute();
    return { db, before };
  }

  it('keeps the numbers of chunks that a slice took since it was looked at', async () => {
    const { db, before } = await begin('~');
    expect(await takeAudience(db, before, NOW)).toBe(false);
    expect(await campaign(db)).toMatchObject({ chunks: 2 });
  });

  it('writes the rest of its audience into chunks after those', async () => {
    const { db, before } = await begin(null);
    expect(await takeAudience(db, before, NOW)).toBe(false);
    expect(await campaign(db)).toMatchObject({ status: 'running', chunks: 3, recipients: 2 });
    const found = await db.kysely.selectFrom('campaign_recipients').select('chunk').execute();
    expect(found).toEqual([{ chunk: 3 }, { chunk: 3 }]);
  });
});
