import type { MessageInput } from '../../delivery/messages/create.ts';
import type { Channel } from '../../lib/channels.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import { type AppointmentRow, ownerOfRow, readWords } from './appointment.ts';
import { localeOf, sayTime } from './say-time.ts';

/** What a template may declare and a text may contain: filled in by the time that holds when the reminder goes out. */
export const TIME_VARIABLES = ['appointment_date', 'appointment_time'] as const;

/** The message of a reminder, as of now. */
export async function wordReminder(reader: Pick<TemplateReader, 'find'>, row: AppointmentRow): Promise<MessageInput> {
  const { text, template, template_version: version, variables, ...words } = readWords(row);
  const said = sayTime(row.starts_at, row.time_zone, localeOf(row));
  const values = { appointment_date: said.date, appointment_time: said.time };
  const common = {
    ...words,
    to: row.recipient,
    channel: row.channel as Channel,
    purpose: 'transactional' as const,
    ...(row.sender !== null && { sender: row.sender }),
    ...(row.locale !== null && { locale: row.locale }),
    ...(row.metadata !== null && { metadata: JSON.parse(row.metadata) as Record<string, string> }),
  };
  if (template === undefined) {
    return {
      ...common,
      text: fill(text ?? '', values),
      ...(words.subject && { subject: fill(words.subject, values) }),
    };
  }
  const found = await reader.find(ownerOfRow(row), template, version ?? null);
  const declared = TIME_VARIABLES.filter((name) => found?.compiled.variables.get(name)?.type === 'string');
  const own = Object.fromEntries(declared.map((name) => [name, values[name]]));
  const pinned = version === undefined ? {} : { template_version: version };
  return { ...common, template, ...pinned, variables: { ...own, ...variables } };
}

function fill(text: string, values: Readonly<Record<(typeof TIME_VARIABLES)[number], string>>): string {
  return TIME_VARIABLES.reduce((filled, name) => filled.replaceAll(`{{${name}}}`, () => values[name]), text);
}
