import { type CompiledQuery, sql } from 'kysely';
import { expect, it } from 'vitest';
import type { Database } from '../../../src/db/open.ts';
import { audiencePage } from '../../../src/messaging/campaigns/take-audience.ts';
import { databasesOf } from '../../db/on-each-dialect.ts';
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
