import { type Static, Type } from 'typebox';
import { MessageBody } from '../../delivery/messages/schemas.ts';
import { pageQuery } from '../../http/pagination.ts';
import { closed, NullableTimestampSchema, TimestampSchema } from '../../http/schemas.ts';
import { CHANNELS, type Channel } from '../../lib/channels.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { CONTACT_ID } from '../contacts/views.ts';
import { APPOINTMENT_ID, readWords, STATUSES } from './appointment.ts';
import type { Appointment } from './appointments-table.ts';

const nullable = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const StatusSchema = Type.Enum([...STATUSES]);

export const MAX_REMINDERS = 10;

const RuleSchema = Type.Union(
  [
    Type.Object({ hours_before: Type.Integer({ minimum: 1, maximum: 8_760 }) }, closed),
    Type.Object({ minutes_before: Type.Integer({ minimum: 1, maximum: 525_600 }) }, closed),
    Type.Object(
      {
        days_before: Type.Integer({ minimum: 0, maximum: 365 }),
        at: Type.String({ pattern: '^(?:[01][0-9]|2[0-3]):[0-5][0-9]$' }),
      },
      closed,
    ),
  ],
  {
    description:
      '`hours_before`, `minutes_before`: so much before the time, whatever the clocks do. `days_before` with `at`: by the ' +
      'clock of `time_zone`, `{ "days_before": 1, "at": "18:00" }` is the evening before.',
  },
);

const { subject, template, template_version, variables, metadata } = MessageBody.properties;

const TimeSchema = Type.String({
  maxLength: 40,
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d{2}:\\d{2})?$',
  description: 'RFC 3339; without an offset it is what the clocks of `time_zone` show.',
  examples: ['2027-01-20T15:00:00+01:00', '2027-01-20T15:00'],
});

/** What may be changed afterwards. */
const changeable = {
  time_zone: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'IANA name; default: the contact’s if it was given, else the offset of `starts_at`.',
      examples: ['Europe/Paris'],
    }),
  ),
  text: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 2_000,
      description:
        'What reminders say; `{{appointment_date}}` and `{{appointment_time}}` are filled in. Or a `template`, whose ' +
        'string variables of these names are filled in too.',
    }),
  ),
  ...{ subject, template, template_version, variables },
  // No defaults: a change would set them.
  shorten_links: Type.Optional(
    Type.Boolean({ description: 'Links become short ones of this person alone; see `GET /v1/links`.' }),
  ),
  reminders: Type.Optional(
    Type.Array(RuleSchema, {
      maxItems: MAX_REMINDERS,
      description: 'When they are due; default: 24 hours and 2 hours before.',
    }),
  ),
  validity_seconds: Type.Optional(
    Type.Integer({
      minimum: 60,
      maximum: 259_200,
      description: 'A reminder is not sent later than this after it was due, and never after the time.',
    }),
  ),
  metadata,
};

export const AppointmentBody = Type.Object(
  {
    starts_at: TimeSchema,
    contact_id: Type.Optional(Type.String({ pattern: CONTACT_ID, description: 'Or `to`.' })),
    to: Type.Optional(Type.String({ minLength: 3, maxLength: 254, description: 'Phone number or e-mail address.' })),
    channel: MessageBody.properties.channel,
    sender: MessageBody.properties.sender,
    locale: MessageBody.properties.locale,
    ...changeable,
  },
  closed,
);
export type AppointmentInput = Static<typeof AppointmentBody>;

export const AppointmentPatch = Type.Object(
  { starts_at: Type.Optional(TimeSchema), ...changeable },
  { ...closed, minProperties: 1 },
);
export type AppointmentChange = Static<typeof AppointmentPatch>;

export const IdParams = Type.Object({ id: Type.String({ pattern: APPOINTMENT_ID }) }, closed);

export const ListQuery = Type.Object(
  {
    status: Type.Optional(StatusSchema),
    to: Type.Optional(Type.String({ minLength: 3, maxLength: 254, description: 'Phone number or e-mail address.' })),
    contact_id: Type.Optional(Type.String({ pattern: CONTACT_ID })),
    starts_from: Type.Optional(Type.String({ format: 'date-time' })),
    starts_before: Type.Optional(Type.String({ format: 'date-time', description: 'Not included.' })),
    ...pageQuery,
  },
  closed,
);

const ReminderSchema = Type.Object(
  {
    rule: Type.String({ description: '`24h`, `90m` before; `1d 18:00`: the day before at six.' }),
    due_at: TimestampSchema,
    status: Type.Enum(['planned', 'sent', 'blocked', 'skipped', 'failed'], {
      description: '`sent`: it became a message, which says how it went on.',
    }),
    reason: nullable(Type.String({ description: 'Why it was not sent, or of a planned one why later than planned.' })),
    message_id: nullable(Type.String()),
    earlier_time: Type.Boolean({ description: 'It was of a time that has been moved since.' }),
  },
  closed,
);

export const AppointmentSchema = Type.Object(
  {
    id: Type.String(),
    status: StatusSchema,
    starts_at: TimestampSchema,
    time_zone: Type.String(),
    contact_id: nullable(Type.String()),
    to: Type.String(),
    channel: Type.Enum([...CHANNELS]),
    sender: nullable(Type.String()),
    locale: nullable(Type.String()),
    text: nullable(Type.String()),
    template: nullable(Type.String()),
    reminders: Type.Array(ReminderSchema),
    validity_seconds: nullable(Type.Integer()),
    answered_at: NullableTimestampSchema,
    metadata: Type.Record(Type.String(), Type.String()),
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'Appointment' },
);

export function viewAppointment({ row, reminders }: Appointment): Static<typeof AppointmentSchema> {
  const { text = null, template = null } = readWords(row);
  return {
    ...{ id: row.id, status: row.status },
    ...{ starts_at: toTimestamp(row.starts_at), time_zone: row.time_zone },
    ...{ contact_id: row.contact_id, to: row.recipient, channel: row.channel as Channel },
    ...{ sender: row.sender, locale: row.locale, text, template },
    reminders: reminders.map(({ rule, due_at, status, reason, message_id, plan }) => ({
      ...{ rule, due_at: toTimestamp(due_at), status, reason, message_id },
      earlier_time: plan < row.plan,
    })),
    validity_seconds: row.validity_seconds,
    answered_at: row.answered_at === null ? null : toTimestamp(row.answered_at),
    metadata: row.metadata === null ? {} : JSON.parse(row.metadata),
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
  };
}
