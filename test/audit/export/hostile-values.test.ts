import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { type AuditEvent, EVENT_TYPES } from '../../../src/audit/event.ts';
import { viewEvent } from '../../../src/audit/event-view.ts';
import { CSV_HEADER } from '../../../src/audit/export/csv.ts';
import { type ExportFormat, rowFormats } from '../../../src/audit/export/row-format.ts';
import { someEvent } from '../log/insert-some-events.ts';
import { AUTHENTICATION, BASE_EVENT, ENTITY_MANAGEMENT } from './ocsf-schema.ts';
import { readCef } from './read-cef.ts';
import { readCsv } from './read-csv.ts';

const HOSTILE = [
  'a\r\nb\nc\rd',
  'CEF:0|a|b|c|d|e|9|act=approved',
  'x|y\\|z\\',
  'a=b c\\=d',
  '=HYPERLINK("http://example.com")',
  '+1',
  '-1+1',
  '@SUM(A1)',
  '\t=1',
  '  =1',
  '\u00a0=1',
  '\ufeff=1',
  '＝1',
  "'=1",
  "'",
  '"',
  '","x","',
  'a;b',
  '\u0000\u0007\u001b[31mred\u001b[0m\u007f\u0085',
  'two\u2028lines\u2029',
  '\u202egnp.exe\u202c\u2066x\u2069',
  '{"type":"verification.approved"}\n{"type":"x"}',
  '💥\ud800',
  '',
  ' ',
];

const rowOf = (format: ExportFormat, event: AuditEvent) =>
  rowFormats[format].row({
    logIndex: 7,
    event,
    leaf: { eventId: event.id, project: event.project, mode: event.mode, salt: null, commitment: null, hash: 'hash' },
  });

/** Wherever a caller's text may be. */
const hostileEvent = (value: string) =>
  someEvent({
    actor: value,
    verificationId: value,
    recipient: { masked: value, hash: value },
    client: { ip: '203.0.113.7', user_agent: value, device_id: value },
    data: { reason: value, [value]: [value] },
  });

/** What no line may have in it, whatever it is read by. */
const BREAKS = /[\n\v\f\r\u0085\u2028\u2029]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

describe.each(HOSTILE)('%j', (value) => {
  const event = hostileEvent(value);
  const view = JSON.parse(JSON.stringify(viewEvent(event)));

  it('is one line of NDJSON, and comes back', () => {
    const line = rowOf('ndjson', event);
    expect(line).not.toMatch(BREAKS);
    expect(line).not.toMatch(INVISIBLE);
    const { log_index, leaf, ...rest } = JSON.parse(line);
    expect(rest).toEqual(view);
    expect({ log_index, leaf }).toEqual({ log_index: 7, leaf: { hash: 'hash' } });
  });

  it('is one row of CSV, is no formula, and comes back', () => {
    const text = CSV_HEADER + rowOf('csv', event) + rowFormats.csv.lineEnd;
    const [header = [], row = [], ...more] = readCsv(text);
    expect(more).toEqual([]);
    expect(row).toHaveLength(header.length);
    const cells = Object.fromEntries(header.map((name, index) => [name, row[index] ?? '']));
    for (const cell of row) expect(cell).not.toMatch(/^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠\t\r\0]/u);
    const back = (cell = '') => cell.replace(/^'/, '');
    for (const name of ['actor', 'verification_id', 'recipient_masked', 'client_user_agent']) {
      expect(back(cells[name]), name).toBe(value);
    }
    expect(JSON.parse(back(cells.data))).toEqual(view.data);
  });

  it('is one line of CEF with the fields it should have, and comes back', () => {
    const line = rowOf('cef', event);
    expect(line).not.toMatch(BREAKS);
    expect(line).not.toMatch(INVISIBLE);
    const { header, extension } = readCef(line);
    expect(header).toEqual([
      ...['CEF:0', 'Countersign', 'Countersign', '1'],
      ...['verification.created', 'Verification created', '3'],
    ]);
    // Only what ends a line has an escape in CEF.
    const shown = value.replace(/[^\r\n]/gu, (each) =>
      INVISIBLE.test(each) || BREAKS.test(each) || each === '\ufeff' ? escaped(each) : each,
    );
    expect(extension.suser).toBe(shown);
    expect(extension.requestClientApplication).toBe(shown);
    expect(extension.cs3).toBe(shown);
    expect(JSON.parse(extension.msg ?? '')).toEqual(view.data);
    expect(Object.keys(extension).sort()).toEqual(
      [
        ...['act', 'cn1', 'cn1Label', 'cs1', 'cs1Label', 'cs2', 'cs2Label', 'cs3', 'cs3Label', 'cs5', 'cs5Label'],
        ...['duid', 'duser', 'externalId', 'msg', 'reason', 'requestClientApplication', 'rt', 'src', 'suser'],
      ].sort(),
    );
  });

  it('is one line of OCSF, and comes back', () => {
    const line = rowOf('ocsf', event);
    expect(line).not.toMatch(BREAKS);
    expect(line).not.toMatch(INVISIBLE);
    expect(JSON.parse(line)).toMatchObject({ user: { name: view.recipient.masked }, unmapped: { data: view.data } });
  });
});

function escaped(character: string): string {
  const short = JSON.stringify(character).slice(1, -1);
  return short !== character ? short : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

describe('OCSF', () => {
  const ajv = new Ajv({ strict: true, strictRequired: false, allErrors: true });
  const validate = {
    0: ajv.compile(BASE_EVENT),
    3002: ajv.compile(AUTHENTICATION),
    3004: ajv.compile(ENTITY_MANAGEMENT),
  };

  it.each(EVENT_TYPES)('%s is a valid event of its class', (type) => {
    const variants: Partial<AuditEvent>[] = [
      { data: {} },
      { data: { channel: 'sms', reason: 'wrong_code' }, messageId: 'msg_1' },
      { data: { channel: 'carrier_pigeon', key: 'key_2' }, actor: 'system', client: { ip: '2001:db8::1' } },
    ];
    for (const variant of variants) {
      const event = someEvent({ type, ...variant });
      const row = JSON.parse(rowOf('ocsf', event));
      const check = validate[row.class_uid as keyof typeof validate];
      expect(check(row), JSON.stringify([check.errors, row])).toBe(true);
      expect(row.type_uid).toBe(row.class_uid * 100 + row.activity_id);
      expect(row.metadata).toMatchObject({ uid: event.id, sequence: 7, event_code: type });
      if (type.startsWith('verification.')) expect(row.class_uid).toBe(3002);
    }
  });

  it.each([
    ['sms', 1],
    ['voice', 3],
    ['email', 8],
    ['carrier_pigeon', 99],
  ])('a code by %s is factor %i', (channel, factor) => {
    const row = JSON.parse(rowOf('ocsf', someEvent({ type: 'verification.approved', data: { channel } })));
    expect(row).toMatchObject({
      activity_id: 1,
      status_id: 1,
      is_mfa: true,
      auth_factors: [{ factor_type_id: factor }],
    });
  });
});
