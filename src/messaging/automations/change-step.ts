import { type CompiledQuery, sql } from 'kysely';
import { toEventRow } from '../../audit/events-table.ts';
import type { Database } from '../../db/open.ts';
import { newId } from '../../lib/ids.ts';
import { MAX_TAGS } from '../contacts/contact.ts';
import { findList } from '../contacts/lists-table.ts';
import type { StepResult } from './advance.ts';
import type { ChangeStep, RunRow, Turn } from './automation.ts';

/** Tags and lists. What is so already stays so. */
export async function changeContact(
  db: Database,
  { run, contact: { row, tags }, now }: Turn,
  step: ChangeStep,
): Promise<StepResult> {
  const owner = { project: run.project_id, mode: run.mode };
  const own = { project_id: run.project_id, mode: run.mode, contact_id: row.id };
  const { kysely } = db;
  if ('list_id' in step) {
    if (!(await findList(kysely, owner, step.list_id))) return { kind: 'done', outcome: 'skipped', reason: 'no_list' };
    const member = { list_id: step.list_id, contact_id: row.id };
    const isMember = (await memberOf(db, member)) !== undefined;
    if (isMember === (step.type === 'add_to_list')) return { kind: 'done', outcome: 'unchanged' };
    const change = isMember
      ? kysely.deleteFrom('list_members').where('list_id', '=', step.list_id).where('contact_id', '=', row.id)
      : kysely
          .insertInto('list_members')
          .values({ ...member, added_at: now })
          .onConflict((conflict) => conflict.doNothing());
    const data = { list_id: step.list_id, [isMember ? 'removed' : 'added']: 1 };
    return done(change.compile(), toldOf(db, run, 'list.members_changed', data, now));
  }
  const has = tags.includes(step.tag);
  if (has === (step.type === 'add_tag')) return { kind: 'done', outcome: 'unchanged' };
  if (!has && tags.length >= MAX_TAGS) return { kind: 'done', outcome: 'skipped', reason: 'too_many_tags' };
  const change = has
    ? kysely.deleteFrom('contact_tags').where('contact_id', '=', row.id).where('tag', '=', step.tag)
    : kysely
        .insertInto('contact_tags')
        .values({ ...own, tag: step.tag })
        .onConflict((conflict) => conflict.doNothing());
  const touched = sql`
    update contacts set updated_at = case when updated_at >= ${now} then updated_at + 1 else ${now} end
    where id = ${row.id}
  `.compile(kysely);
  return done(change.compile(), touched, toldOf(db, run, 'contact.updated', { contact_id: row.id }, now));
}

const done = (...statements: CompiledQuery[]): StepResult => ({ kind: 'done', outcome: 'done', statements });

function memberOf({ kysely }: Database, { list_id, contact_id }: { list_id: string; contact_id: string }) {
  return kysely
    .selectFrom('list_members')
    .select('added_at')
    .where('list_id', '=', list_id)
    .where('contact_id', '=', contact_id)
    .executeTakeFirst();
}

/** Like the event of a request that does the same; it says which run did it. */
function toldOf(
  { kysely }: Database,
  { id, automation_id, project_id: project, mode }: RunRow,
  type: 'contact.updated' | 'list.members_changed',
  data: object,
  now: number,
): CompiledQuery {
  const event = { id: newId('evt'), type, at: now, project, mode, actor: 'system' };
  return kysely
    .insertInto('events')
    .values(toEventRow({ ...event, data: { ...data, automation_id, run_id: id } }))
    .compile();
}
