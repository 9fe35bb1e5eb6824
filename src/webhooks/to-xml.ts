import type { WebhookBody } from './render.ts';

/**
 * A body as XML 1.0, as webhook.xsd describes it. The members of an event are elements. What an event's own `data`
 * holds has names of any kind, so there the names are attributes: `<member name="channel" type="string">sms</member>`.
 */
export function toXml(body: WebhookBody): string {
  const { recipient, client, data, truncated, ...members } = body.data;
  const children = [
    ...Object.entries(members).map(([name, value]) => leaf(name, value)),
    recipient ? group('recipient', recipient) : '',
    client ? group('client', client) : '',
    element(
      'data',
      '',
      Object.entries(data)
        .map(([name, value]) => typed('member', name, value))
        .join(''),
    ),
    truncated ? leaf('truncated', truncated) : '',
  ];
  const attributes = ` xmlns="${namespaceOf(body.api_version)}" api_version="${body.api_version}"`;
  const content = leaf('type', body.type) + leaf('timestamp', body.timestamp) + element('data', '', children.join(''));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('webhook', attributes, content)}\n`;
}

export const namespaceOf = (version: string) => `urn:countersign:webhook:${version}`;

function typed(tag: 'member' | 'item', name: string | null, value: unknown): string {
  const label = name === null ? '' : ` name="${escapeText(name)}"`;
  const [type, content] = typeAndContent(value);
  return element(tag, `${label} type="${type}"`, content);
}

function typeAndContent(value: unknown): [type: string, content: string] {
  if (value === null || value === undefined) return ['null', ''];
  if (Array.isArray(value)) return ['array', value.map((item) => typed('item', null, item)).join('')];
  if (typeof value !== 'object') return [typeof value, escapeText(String(value))];
  return [
    'object',
    Object.entries(value)
      .map(([name, member]) => typed('member', name, member))
      .join(''),
  ];
}

function group(tag: string, members: object): string {
  return element(
    tag,
    '',
    Object.entries(members)
      .map(([name, value]) => leaf(name, value))
      .join(''),
  );
}

const leaf = (tag: string, value: unknown) => element(tag, '', escapeText(String(value)));

function element(tag: string, attributes: string, content: string): string {
  return `<${tag}${attributes}>${content}</${tag}>`;
}

/** XML 1.0 §2.2: no character reference makes these allowed. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_IN_XML = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;
const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** White space as references: readers would change line ends, and white space in attributes (XML 1.0 §2.11, §3.3.3). */
function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(NOT_IN_XML, '\ufffd')
    .replace(/[&<>"\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
