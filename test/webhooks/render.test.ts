import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import type { AuditEvent } from '../../src/audit/event.ts';
import { viewEvent } from '../../src/audit/event-view.ts';
import { API_VERSIONS, MAX_BODY_BYTES, NEWEST_API_VERSION, renderEvent } from '../../src/webhooks/render.ts';

const BARE: AuditEvent = {
  id: 'evt_1',
  type: 'project.created',
  at: Date.parse('2027-01-15T08:00:00.000Z'),
  project: 'prj_1',
  mode: 'live',
  actor: 'system',
  data: {},
};

/** Every member that an event can have. */
const FULL: AuditEvent = {
  ...BARE,
  type: 'verification.approved',
  mode: 'test',
  verificationId: 'ver_1',
  messageId: 'msg_1',
  sequence: 3,
  recipient: { masked: '+33*******78', hash: 'h4sh' },
  client: { ip: '203.0.113.7', user_agent: 'a & b', user_agent_truncated: true, device_id: 'd"1' },
  data: {
    channel: 'sms',
    attempts: 2,
    rate: 0.5,
    late: false,
    reason: null,
    steps: [{ channel: 'sms' }, ['x'], 1],
    metadata: { '1 <odd> & "name"': 'día 😀\r\n\t\0\ud800', '': '' },
  },
};

const render = (event: AuditEvent, format: 'json' | 'xml') => renderEvent(event, format, NEWEST_API_VERSION);

describe('JSON', () => {
  it('is type, timestamp and the event as the API shows it', () => {
    const { contentType, body } = render(FULL, 'json');
    expect(contentType).toBe('application/json');
    expect(JSON.parse(body)).toEqual({
      type: 'verification.approved',
      timestamp: '2027-01-15T08:00:00.000Z',
      api_version: '2026-11-22',
      data: JSON.parse(JSON.stringify(viewEvent(FULL))),
    });
  });
});

describe('XML', () => {
  const schemas = new Map<string, string>();
  beforeAll(() => {
    for (const version of API_VERSIONS) {
      schemas.set(version, readFileSync(`src/webhooks/schemas/webhook-${version}.xsd`, 'utf8'));
    }
  });

  async function errorsOf(xml: string): Promise<string[]> {
    const result = await validateXML({
      xml: [{ fileName: 'webhook.xml', contents: xml }],
      schema: [schemas.get(NEWEST_API_VERSION) ?? ''],
    });
    return result.errors.map(({ message }) => message);
  }

  it.each([
    ['bare', BARE],
    ['full', FULL],
    ['too long', { ...FULL, data: { text: 'x'.repeat(MAX_BODY_BYTES) } }],
  ])('is valid by its schema: %s', async (_, event) => {
    const { contentType, body } = render(event, 'xml');
    expect(contentType).toBe('application/xml');
    expect(await errorsOf(body)).toEqual([]);
  });

  it('is valid whatever an event’s data holds', { timeout: 120_000 }, async () => {
    const anything = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }), {
      maxKeys: 5,
    });
    await fc.assert(
      fc.asyncProperty(anything, async (data) => {
        expect(await errorsOf(render({ ...FULL, data: { ...data } }, 'xml').body)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('is refused by its schema when it is something else', async () => {
    const { body } = render(FULL, 'xml');
    for (const wrong of [
      body.replace('<mode>test</mode>', '<mode>none</mode>'),
      body.replace('<data>', '<data><extra/>'),
      body.replace('urn:countersign:webhook:2026-11-22', 'urn:countersign:webhook:2020-01-01'),
    ]) {
      expect(wrong).not.toBe(body);
      expect(await errorsOf(wrong)).not.toEqual([]);
    }
  });

  it('keeps what it carries apart from what it is made of', () => {
    const { body } = render(FULL, 'xml');
    expect(body).toContain('<user_agent>a &amp; b</user_agent>');
    expect(body).toContain(
      '<member name="1 &lt;odd&gt; &amp; &quot;name&quot;" type="string">día 😀&#13;&#10;&#9;\ufffd\ufffd</member>',
    );
    expect(body).toContain('<member name="reason" type="null"></member>');
  });
});

it.each(['json', 'xml'] as const)('a body is smaller than 20 kB, and says when something is missing (%s)', (format) => {
  const long = { ...FULL, data: { metadata: { a: '😀'.repeat(6_000) } } };
  const { body } = render(long, format);
  expect(Buffer.byteLength(body)).toBeLessThan(MAX_BODY_BYTES);
  expect(body).toContain('truncated');
  expect(body).toContain('evt_1');
  expect(render(FULL, format).body).not.toContain('<truncated>');
});
