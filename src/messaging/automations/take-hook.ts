import type { KeyObject } from 'node:crypto';
import { writeTransaction } from '../../db/transaction.ts';
import type { FieldError } from '../../lib/errors.ts';
import { retryingUnique } from '../contacts/change-contacts.ts';
import { ADDRESS_KINDS, type AddressKind, type Owner } from '../contacts/contact.ts';
import { findOrCreateByAddress } from '../contacts/find-or-create.ts';
import { readAddress } from '../contacts/read-address.ts';
import type { Automation } from './automations-table.ts';
import { toOpen } from './automations-table.ts';
import { type EnterDeps, type EntryOutcome, enterRuns } from './enter.ts';

/** `{ "contact": { "phone": "+33…" }, "data": {…} }` */
export interface Hook {
  contact: { kind: 'id' | 'external_id' | AddressKind; value: string };
  data: object | undefined;
}

const KINDS = ['id', 'external_id', ...ADDRESS_KINDS] as const;
const MAX_DATA = 8_000;

export function readHook(body: unknown): { hook: Hook } | { errors: FieldError[] } {
  const fail = (pointer: string, message: string) => ({ errors: [{ pointer, message }] });
  if (!isObject(body)) return fail('', 'must be an object');
  const { contact, data, ...others } = body;
  const [stray] = Object.keys(others);
  if (stray !== undefined) return fail(`/${stray.slice(0, 50)}`, 'is not a known field');
  const entries = isObject(contact) ? Object.entries(contact) : [];
  const [[name, value] = [], ...more] = entries;
  const kind = KINDS.find((one) => one === name);
  if (kind === undefined || more.length > 0) return fail('/contact', `must have one of ${KINDS.join(', ')}`);
  if (typeof value !== 'string' || value === '' || value.length > 254) return fail(`/contact/${kind}`, 'must be text');
  if (data !== undefined && !isObject(data)) return fail('/data', 'must be an object');
  if (data !== undefined && JSON.stringify(data).length > MAX_DATA) return fail('/data', 'is too long');
  return { hook: { contact: { kind, value }, data } };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `id` is the request's: the same one never lets a contact in twice. */
export async function takeHook(
  deps: EnterDeps & { hashKey: KeyObject },
  automation: Automation,
  id: string,
  hook: Hook,
  now: number,
): Promise<EntryOutcome | { kind: 'no_address'; message: string }> {
  const { trigger } = automation.definition;
  const open = toOpen(automation);
  const mayCreate = trigger.type === 'webhook' && (trigger.create_contacts ?? false);
  const contactId = await findContactOf(deps, open.owner, hook.contact, mayCreate, now);
  if (contactId === null) return { kind: 'no_address', message: 'is no contact' };
  const [outcome] = await enterRuns(
    deps,
    open,
    [{ contactId, key: `hook ${id}`, cause: 'webhook', data: hook.data }],
    now,
  );
  return outcome ?? { kind: 'refused', reason: 'no_contact' };
}

async function findContactOf(
  { db, hashKey }: EnterDeps & { hashKey: KeyObject },
  owner: Owner,
  { kind, value }: Hook['contact'],
  mayCreate: boolean,
  now: number,
): Promise<string | null> {
  if (kind === 'id') return value;
  if (kind === 'external_id') {
    const row = await db.kysely
      .selectFrom('contacts')
      .select('id')
      .where('external_id', '=', value)
      .where('project_id', '=', owner.project)
      .where('mode', '=', owner.mode)
      .executeTakeFirst();
    return row?.id ?? null;
  }
  const address = readAddress(hashKey, kind, value);
  if (!address) return null;
  const row = await db.kysely
    .selectFrom('contact_addresses')
    .select('contact_id')
    .where('project_id', '=', owner.project)
    .where('mode', '=', owner.mode)
    .where('kind', '=', kind)
    .where('address_hash', '=', address.hash)
    .executeTakeFirst();
  if (row || !mayCreate) return row?.contact_id ?? null;
  const made = await retryingUnique(() =>
    writeTransaction(db, {}, (trx) =>
      findOrCreateByAddress(trx, { dialect: db.dialect, hashKey }, owner, { kind, address: value }, now),
    ),
  );
  return made?.id ?? null;
}
