import type { KeyObject } from 'node:crypto';
import type { Database } from '../../db/open.ts';
import { hashRecipient, readRecipient } from '../../delivery/messages/recipient.ts';
import { defined } from '../../delivery/providers/support/defined.ts';
import type { Channel } from '../../lib/channels.ts';
import type { AddressKind, Contact } from '../contacts/contact.ts';
import { findContact } from '../contacts/contacts-table.ts';
import { isTimeZone } from '../contacts/time-zone.ts';
import { type AppointmentRow, type Owner, readWords } from './appointment.ts';
import type { AppointmentChange, AppointmentInput } from './appointment-schemas.ts';
import { readStart } from './read-start.ts';
import { changeWords, invalid, type Read, readWordsOf } from './read-words.ts';
import { USUAL_RULES } from './reminder-rule.ts';

const ADDRESS_OF: Record<Channel, AddressKind> = {
  sms: 'phone',
  voice: 'phone',
  email: 'email',
  whatsapp: 'whatsapp',
  telegram: 'telegram',
};

/** What no timestamp can say (RFC 3339 §5.6). */
const YEAR_10000 = Date.UTC(10_000, 0);

export interface ReadDeps {
  db: Database;
  hashKey: KeyObject;
}

/** The body of a new appointment as its row. */
export async function readAppointment(
  { db, hashKey }: ReadDeps,
  { owner, id, actor }: { owner: Owner; id: string; actor: string },
  body: AppointmentInput,
  now: number,
): Promise<Read<AppointmentRow>> {
  const { channel = 'sms', sender = null } = body;
  if ((body.contact_id === undefined) === (body.to === undefined)) return invalid('/to', 'or contact_id: one of them');
  const contact = body.contact_id === undefined ? null : await findContact(db, owner, body.contact_id);
  if (body.contact_id !== undefined && !contact) return invalid('/contact_id', 'is no contact');
  const address = contact ? contact.addresses[ADDRESS_OF[channel]] : body.to;
  if (address === undefined) return invalid('/contact_id', `has no address for ${channel}`);
  const recipient = readRecipient(channel, address);
  if (!recipient) return invalid(contact ? '/contact_id' : '/to', `cannot be reached by ${channel}`);
  const start = readTime(body, contact, now);
  if (start.kind === 'invalid') return start;
  const { text, subject, template, template_version, variables, shorten_links } = body;
  const words = readWordsOf(defined({ text, subject, template, template_version, variables, shorten_links }));
  if (words.kind === 'invalid') return words;
  return {
    kind: 'ok',
    value: {
      id,
      project_id: owner.project,
      mode: owner.mode,
      status: 'scheduled',
      ...start.value,
      contact_id: contact?.row.id ?? null,
      channel,
      recipient: recipient.address,
      recipient_hash: hashRecipient(hashKey, recipient),
      recipient_masked: recipient.masked,
      country: recipient.country,
      sender,
      locale: body.locale ?? contact?.row.locale ?? null,
      content: JSON.stringify(words.value),
      rules: JSON.stringify(body.reminders ?? USUAL_RULES),
      validity_seconds: body.validity_seconds ?? null,
      metadata: body.metadata === undefined ? null : JSON.stringify(body.metadata),
      plan: 1,
      revision: 1,
      answered_at: null,
      actor,
      created_at: now,
      updated_at: now,
    },
  };
}

/** What a change comes to, of an appointment as it is. */
export function readChange(
  before: AppointmentRow,
  change: AppointmentChange,
  now: number,
): Read<Partial<AppointmentRow>> {
  const patch: Partial<AppointmentRow> = {};
  const { starts_at, time_zone, reminders, validity_seconds, metadata, ...words } = change;
  if (starts_at !== undefined || time_zone !== undefined) {
    const zone = time_zone ?? (isTimeZone(before.time_zone) ? before.time_zone : undefined);
    const time = readTime({ starts_at, time_zone: zone }, null, now, before);
    if (time.kind === 'invalid') return time;
    Object.assign(patch, time.value);
  }
  if (Object.keys(words).length > 0) {
    const read = changeWords(readWords(before), words);
    if (read.kind === 'invalid') return read;
    patch.content = JSON.stringify(read.value);
  }
  if (reminders !== undefined) patch.rules = JSON.stringify(reminders);
  if (validity_seconds !== undefined) patch.validity_seconds = validity_seconds;
  if (metadata !== undefined) patch.metadata = JSON.stringify(metadata);
  return { kind: 'ok', value: patch };
}

function readTime(
  given: { starts_at?: string | undefined; time_zone?: string | undefined },
  contact: Contact | null,
  now: number,
  before?: AppointmentRow,
): Read<Pick<AppointmentRow, 'starts_at' | 'time_zone'>> {
  if (given.time_zone !== undefined && !isTimeZone(given.time_zone)) {
    return invalid('/time_zone', 'is not the name of a time zone');
  }
  const known = contact?.row.time_zone_source === 'given' ? contact.row.time_zone : null;
  const zone = given.time_zone ?? known;
  if (given.starts_at === undefined) {
    return { kind: 'ok', value: { starts_at: before?.starts_at ?? now, time_zone: zone ?? 'UTC' } };
  }
  const start = readStart(given.starts_at, zone);
  if (start.kind === 'invalid') return invalid('/starts_at', start.message);
  if (start.at <= now && start.at !== before?.starts_at) return invalid('/starts_at', 'is over');
  if (start.at >= YEAR_10000) return invalid('/starts_at', 'is no time of the calendar');
  return { kind: 'ok', value: { starts_at: start.at, time_zone: zone ?? start.offset } };
}
