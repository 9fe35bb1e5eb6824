import { viewEvent } from '../event-view.ts';
import { classifyEvent } from './classify-event.ts';
import { escapeUnsafe, jsonLine } from './json-line.ts';
import type { ExportRow } from './row-format.ts';

/** Of nine levels (0 to 10): what a SIEM shows as low, medium and high. */
const SEVERITY = { informational: 3, low: 4, medium: 6 } as const;

/** ArcSight Common Event Format, version 0. */
export function cefRow({ logIndex, event }: ExportRow): string {
  const { recipient, client, data, ...view } = viewEvent(event);
  const { severity, outcome, title } = classifyEvent(event);
  const header = ['CEF:0', 'Countersign', 'Countersign', '1', view.type, title, SEVERITY[severity]];
  const reason = typeof data.reason === 'string' ? data.reason : undefined;
  const extension: [string, string | number | undefined][] = [
    ['rt', event.at],
    ['externalId', view.id],
    ['act', view.type],
    ['outcome', outcome ?? undefined],
    ['reason', reason],
    ['suser', view.actor],
    ['src', isIpv4(client?.ip) ? client?.ip : undefined],
    ...labelled('c6a2', 'Source IPv6 Address', isIpv4(client?.ip) ? undefined : client?.ip),
    ['requestClientApplication', client?.user_agent],
    ['duser', recipient?.masked],
    ['duid', recipient?.hash],
    ...labelled('cs1', 'project', view.project),
    ...labelled('cs2', 'mode', view.mode),
    ...labelled('cs3', 'verification', view.verification_id),
    ...labelled('cs4', 'message', view.message_id),
    ...labelled('cs5', 'device', client?.device_id),
    ...labelled('cn1', 'logIndex', logIndex),
    ...labelled('cn2', 'sequence', view.sequence),
    ['msg', jsonLine(data)],
  ];
  const pairs = extension.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${escapeValue(value)}`]));
  return `${header.map(escapeHeader).join('|')}|${pairs.join(' ')}`;
}

function labelled(key: string, label: string, value: string | number | undefined): [string, string | number][] {
  return value === undefined
    ? []
    : [
        [key, value],
        [`${key}Label`, label],
      ];
}

function isIpv4(ip: string | undefined): boolean {
  return ip !== undefined && !ip.includes(':');
}

function escapeHeader(value: string | number): string {
  return escapeControls(String(value))
    .replace(/[\\|]/g, '\\$&')
    .replace(/[\r\n]/g, ' ');
}

function escapeValue(value: string | number): string {
  return escapeControls(String(value)).replace(/[\\=]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

/** CEF has escapes for the ends of lines only: other control characters are shown as JSON would. */
function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
  return escapeUnsafe(text).replace(/[\0-\x09\x0b\x0c\x0e-\x1f]/g, (character) =>
    JSON.stringify(character).slice(1, -1),
  );
}
