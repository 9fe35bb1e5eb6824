import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import { CHANNELS } from '../../lib/channels.ts';
import type { Preview } from './preview.ts';

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

export const previewMembers = {
  channel: Type.Enum([...CHANNELS]),
  text: Type.String({ description: 'As it arrives.' }),
  subject: nullable(Type.String()),
  html: nullable(Type.String()),
  whatsapp: nullable(
    Type.Object(
      { name: Type.String(), language: Type.String(), parameters: Type.Array(Type.String()) },
      { ...closed, description: 'The account’s template that is filled in.' },
    ),
  ),
  segments: nullable(Type.Integer({ description: 'Short messages it takes; null for other channels.' })),
  segment_texts: Type.Array(Type.String()),
  encoding: nullable(Type.Enum(['gsm7', 'ucs2'])),
  units: nullable(Type.Integer({ description: 'Septets (gsm7) or UTF-16 units (ucs2) in all.' })),
  remaining_units: nullable(Type.Integer({ description: 'Room left in the last segment.' })),
  replaced: Type.Array(Type.Object({ from: Type.String(), to: Type.String(), count: Type.Integer() }, closed), {
    description: 'What smart encoding wrote by other characters.',
  }),
  unmapped: Type.Array(Type.String(), { description: 'What keeps it out of the 7-bit alphabet.' }),
  provider: nullable(Type.String({ description: 'Who would carry it now; null where nobody could, or without `to`.' })),
  sender: nullable(Type.String({ description: 'As the route has it; empty: the carrier’s choice.' })),
  cost: nullable(
    Type.Object(
      { amount: Type.String({ examples: ['0.0225'] }), currency: Type.String() },
      { ...closed, description: 'For all segments, by the routing table; null where that has no price.' },
    ),
  ),
};

export const MessagePreviewSchema = Type.Object(previewMembers, { ...closed, title: 'MessagePreview' });

export function viewPreview({ channel, text, subject, html, whatsapp, sms, route }: Preview) {
  return {
    ...{ channel, text, subject, html },
    whatsapp: whatsapp ? { ...whatsapp, parameters: [...whatsapp.parameters] } : null,
    segments: sms?.segments.length ?? null,
    segment_texts: [...(sms?.segments ?? [])],
    encoding: sms?.encoding ?? null,
    units: sms?.units ?? null,
    remaining_units: sms?.remaining ?? null,
    replaced: (sms?.replaced ?? []).map(({ from, to, count }) => ({ from, to, count })),
    unmapped: [...(sms?.unmapped ?? [])],
    provider: route?.provider ?? null,
    sender: route?.sender ?? null,
    cost: route?.cost ?? null,
  } satisfies Static<typeof MessagePreviewSchema>;
}
