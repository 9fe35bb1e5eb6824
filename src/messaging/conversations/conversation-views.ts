import { type Static, Type } from 'typebox';
import { pageQuery } from '../../http/pagination.ts';
import { closed, TimestampSchema } from '../../http/schemas.ts';
import { CHANNELS, type Channel } from '../../lib/channels.ts';
import { toTimestamp } from '../../lib/clock.ts';
import type { ConversationRow } from './conversations-table.ts';
import type { ThreadEntry } from './thread.ts';

export const CONVERSATION_ID = '^cnv_[0-9a-hjkmnp-tv-z]{26}$';
const STATUSES = ['open', 'closed'] as const;
const nullable = Type.Union([Type.String(), Type.Null()]);
export const Agent = { minLength: 1, maxLength: 80, pattern: '^[^\\p{Cc}]+$' } as const;

export const ConversationSchema = Type.Object(
  {
    id: Type.String(),
    channel: Type.Enum([...CHANNELS]),
    from: Type.String({ description: 'The person.' }),
    to: Type.String({ description: 'The number that was written to; replies come from it.' }),
    contact_id: nullable,
    status: Type.Enum([...STATUSES]),
    assignee: nullable,
    unread: Type.Integer(),
    last_inbound_at: TimestampSchema,
    last_at: TimestampSchema,
    reply_until: Type.Union([TimestampSchema, Type.Null()], {
      description: 'WhatsApp: until then in words of your own, afterwards by a template. Null: no such limit.',
    }),
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'Conversation' },
);

export const EntrySchema = Type.Object(
  {
    id: Type.String({ description: 'Of the message: `GET /v1/messages/{id}` or `GET /v1/inbound/{id}`.' }),
    direction: Type.Enum(['in', 'out']),
    text: nullable,
    status: Type.Union([Type.String(), Type.Null()], { description: 'Of what was sent.' }),
    author: nullable,
    at: TimestampSchema,
  },
  { ...closed, title: 'ConversationMessage' },
);

export const ConversationsQuery = Type.Object(
  {
    status: Type.Optional(Type.Enum([...STATUSES])),
    assignee: Type.Optional(Type.String(Agent)),
    unassigned: Type.Optional(Type.Boolean()),
    unread: Type.Optional(Type.Boolean()),
    channel: Type.Optional(Type.Enum([...CHANNELS])),
    from: Type.Optional(Type.String({ maxLength: 40 })),
    ...pageQuery,
  },
  closed,
);

export const ConversationPatchBody = Type.Object(
  {
    status: Type.Optional(Type.Enum([...STATUSES])),
    assignee: Type.Optional(Type.Union([Type.String(Agent), Type.Null()], { description: 'As you name your agents.' })),
    unread: Type.Optional(Type.Literal(0, { description: 'All of it has been read.' })),
  },
  { ...closed, minProperties: 1 },
);

export const UnreadSchema = Type.Object(
  { conversations: Type.Integer(), messages: Type.Integer() },
  { ...closed, title: 'UnreadFigures' },
);

/** WhatsApp's customer service window. */
const WINDOW_MS = 86_400_000;

/** When words of one's own are not taken any more; null: always. */
export function replyUntil({ channel, last_inbound_at }: ConversationRow): number | null {
  return channel === 'whatsapp' ? last_inbound_at + WINDOW_MS : null;
}

export function viewConversation(row: ConversationRow, contactId: string | null): Static<typeof ConversationSchema> {
  const { id, channel, address, number, status, assignee, unread } = row;
  const until = replyUntil(row);
  return {
    ...{ id, channel: channel as Channel, from: address, to: number, contact_id: contactId, status, assignee, unread },
    last_inbound_at: toTimestamp(row.last_inbound_at),
    last_at: toTimestamp(row.last_at),
    reply_until: until === null ? null : toTimestamp(until),
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
  };
}

export const viewEntry = ({ at, ...entry }: ThreadEntry): Static<typeof EntrySchema> => ({
  ...entry,
  at: toTimestamp(at),
});
