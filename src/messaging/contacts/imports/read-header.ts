import type { FieldError } from '../../../lib/errors.ts';
import type { Attributes } from '../attributes.ts';
import { ADDRESS_KINDS } from '../contact.ts';
import { type ImportColumn, MAX_COLUMNS } from './import.ts';

const FIELDS: readonly string[] = ['external_id', ...ADDRESS_KINDS, 'locale', 'country', 'time_zone', 'tags'];

/** How columns are often called, in lower case and without what is not a letter. */
const USUAL: Record<string, string> = {
  id: 'external_id',
  mobile: 'phone',
  mobilephone: 'phone',
  number: 'phone',
  phonenumber: 'phone',
  telephone: 'phone',
  tel: 'phone',
  email: 'email',
  mail: 'email',
  emailaddress: 'email',
  language: 'locale',
  lang: 'locale',
  timezone: 'time_zone',
  tz: 'time_zone',
  tag: 'tags',
};

const DELIMITERS = [',', ';', '\t', '|'];

/** Of those that separate cells somewhere, the one found most often in the first line, outside of quotes. */
export function detectDelimiter(line: string): string {
  const bare = line.replaceAll(/"(?:[^"]|"")*"/g, '');
  const counts = DELIMITERS.map((delimiter) => ({ delimiter, count: bare.split(delimiter).length }));
  return counts.toSorted((a, b) => b.count - a.count)[0]?.delimiter ?? ',';
}

/** What each column is for: as mapped, else by its name. Every fault of the mapping is told. */
export function readHeader(
  headers: readonly string[],
  mapping: Readonly<Record<string, string | null>>,
  attributes: Attributes,
): { columns: ImportColumn[]; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const fail = (message: string) => {
    errors.push({ pointer: 'mapping', message });
  };
  const names = headers.map((header) => header.trim());
  for (const [header, field] of Object.entries(mapping)) {
    if (!names.includes(header)) fail(`the file has no column ${quote(header)}`);
    if (field !== null && !isField(field, attributes)) fail(`${quote(field)} is no field of contacts`);
  }
  const columns = names.map((header) => ({ header, field: fieldOf(header, mapping, attributes) }));
  const fields = columns.flatMap(({ field }) => field ?? []);
  const twice = fields.find((field, index) => fields.indexOf(field) !== index);
  if (twice !== undefined) fail(`two columns are ${quote(twice)}`);
  if (headers.length > MAX_COLUMNS) fail(`the file has more than ${MAX_COLUMNS} columns`);
  const isTold = fields.some((field) => field === 'external_id' || ADDRESS_KINDS.some((kind) => kind === field));
  if (!isTold && errors.length === 0) fail('no column is an external id or an address');
  return { columns, errors };
}

function fieldOf(
  header: string,
  mapping: Readonly<Record<string, string | null>>,
  attributes: Attributes,
): string | null {
  const mapped = mapping[header];
  if (mapped !== undefined) return mapped;
  const name = header.toLowerCase().replaceAll(/[\s-]+/g, '_');
  if (isField(name, attributes)) return name;
  if (attributes.has(name)) return `attributes.${name}`;
  return USUAL[name.replaceAll(/[^a-z]/g, '')] ?? null;
}

function isField(field: string, attributes: Attributes): boolean {
  return (
    FIELDS.includes(field) || (field.startsWith('attributes.') && attributes.has(field.slice('attributes.'.length)))
  );
}

const quote = (text: string) => `"${text.slice(0, 80)}"`;
