import type { KeyObject } from 'node:crypto';
import { newOrderedId } from '../../../lib/ids.ts';
import { type Attributes, readAttribute } from '../attributes.ts';
import { type AttributeValue, type ContactDraft, MAX_TAGS, TAG_PATTERN } from '../contact.ts';
import { type ContactInput, isIdentified, readContact } from '../read-contact.ts';
import type { ImportColumn } from './import.ts';

export interface RowError {
  field: string;
  reason: string;
  value: string;
}

export type ReadRow =
  | { kind: 'blank' }
  | { kind: 'wrong'; errors: RowError[] }
  | { kind: 'contact'; draft: ContactDraft };

export interface RowContext {
  hashKey: KeyObject;
  attributes: Attributes;
  columns: readonly ImportColumn[];
  /** For every row. */
  tags: readonly string[];
  /** Of numbers without + in rows that name none themselves. */
  country: string | null;
  now(): number;
}

const TAG = new RegExp(TAG_PATTERN, 'u');
const EXTERNAL_ID = /^[^\p{Cc}]{1,128}$/u;

/** A row of the table as a contact, or everything that is wrong with it. An empty cell says nothing. */
export function readRow(context: RowContext, cells: readonly string[]): ReadRow {
  const { hashKey, attributes, columns, tags, now } = context;
  const errors: RowError[] = [];
  const input: Record<string, unknown> & { attributes: Record<string, AttributeValue> } = { attributes: {}, tags };
  const texts = cells.map(plain);
  if (texts.every((text) => text === '')) return { kind: 'blank' };
  const fail = (field: string, reason: string, value: string) => {
    errors.push({ field, reason, value: value.slice(0, MAX_SHOWN) });
  };
  if (cells.length > columns.length) fail('row', 'has more cells than the header', '');

  for (const [index, { field }] of columns.entries()) {
    const text = texts[index] ?? '';
    if (field === null || text === '') continue;
    if (text.includes('\0') || !text.isWellFormed()) {
      fail(field, 'holds a control character', '');
    } else if (field.startsWith('attributes.')) {
      const name = field.slice('attributes.'.length);
      const type = attributes.get(name);
      const value = type && readAttribute(type, text);
      if (value === undefined || value === null) fail(field, `is not a ${type ?? 'defined attribute'}`, text);
      else input.attributes[name] = value;
    } else if (field === 'tags') {
      const own = text.split(/[,;]/).map((tag) => tag.trim());
      const given = own.filter((tag) => tag !== '');
      const wrong = given.find((tag) => !TAG.test(tag));
      if (wrong !== undefined) fail(field, 'is not a tag', wrong);
      else if (given.length + tags.length > MAX_TAGS) fail(field, `are more than ${MAX_TAGS}`, '');
      else input.tags = [...tags, ...given];
    } else if (field === 'country') {
      if (!/^[A-Za-z]{2}$/.test(text)) fail(field, 'is not an ISO 3166-1 alpha-2 code', text);
      else input.country = text.toUpperCase();
    } else if (field === 'external_id' && !EXTERNAL_ID.test(text)) {
      fail(field, 'is longer than 128 characters', text);
    } else {
      input[field] = text;
    }
  }

  const contact = input as ContactInput;
  const country = contact.country ?? context.country;
  const { draft, errors: wrong } = readContact(hashKey, attributes, contact, newOrderedId('con', now()), country);
  for (const { pointer, message } of wrong) {
    const field = pointer.slice(1);
    fail(field, message, String(input[field] ?? ''));
  }
  if (errors.length === 0 && !isIdentified(draft)) fail('row', 'has neither an external id nor an address', '');
  return errors.length > 0 ? { kind: 'wrong', errors } : { kind: 'contact', draft };
}

const MAX_SHOWN = 100;

/** Exports put an apostrophe before what a spreadsheet would take for a formula, and before an apostrophe. */
const GUARDED = /^'(?=[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠'])/u;

const plain = (cell: string) => cell.trim().replace(GUARDED, '').trim();
