import { createHmac, type KeyObject } from 'node:crypto';
import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { adminEvent, SYSTEM } from './admin-event.ts';
import { insertEvents } from './insert-events.ts';

const SETTING = 'configuration';

/**
 * At every start: what a file or the environment changed is an event like what an API call changed. Digests are keyed,
 * as passwords are among the settings. Instances that are configured differently say so in turn, each at its start.
 */
export async function recordConfiguration(
  db: Database,
  options: { settings: Readonly<Record<string, unknown>>; hashKey: KeyObject; project: string },
  now: number,
): Promise<void> {
  const { settings, hashKey, project } = options;
  const digestOf = (value: unknown) => createHmac('sha256', hashKey).update(canonicalJson(value)).digest('base64url');
  const sections = Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, digestOf(value)]])),
  );
  const value = canonicalJson(sections);
  await writeTransaction(db, {}, async (trx) => {
    const row = await trx.selectFrom('settings').select('value').where('key', '=', SETTING).executeTakeFirst();
    if (row?.value === value) return;
    await trx
      .insertInto('settings')
      .values({ key: SETTING, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute();
    const before: Record<string, string> | null = row ? JSON.parse(row.value) : null;
    const data = {
      changed: before && changedMembers(before, sections),
      digest: digestOf(sections),
      digest_before: before && digestOf(before),
    };
    await insertEvents(trx, [adminEvent('configuration.changed', project, SYSTEM, now, data)]);
  });
}

function changedMembers(before: Record<string, string>, after: Record<string, string>): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort();
}
