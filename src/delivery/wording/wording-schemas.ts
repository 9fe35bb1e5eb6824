import { type Static, Type } from 'typebox';
import { closed, TimestampSchema } from '../../http/schemas.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { VARIABLE_NAME } from '../../lib/template.ts';
import { measureText } from '../../lib/text/encode-text.ts';
import { TEMPLATE_CHANNELS } from './code-template.ts';
import type { StoredTemplate } from './code-templates.ts';
import { UNSUITABLE } from './compose-template.ts';
import type { WordedCode } from './composer.ts';

const TemplateChannelSchema = Type.Enum([...TEMPLATE_CHANNELS]);
export const LocaleSchema = Type.String({
  maxLength: 35,
  pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
  examples: ['pt-BR'],
});
const nullable = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);
const TextSchema = Type.String({ minLength: 1, maxLength: 4_000 });
const SubjectSchema = Type.String({ minLength: 1, maxLength: 150 });

const templateMembers = {
  text: Type.String({
    ...TextSchema,
    description:
      'A template with the variables `code` (needed; in an SMS once), `brand` and `minutes`, written as `{{code}}`.',
    examples: ['{{code}} is your {{brand}} code. It expires in {{minutes}} minutes.'],
  }),
  subject: Type.Optional(
    Type.String({ ...SubjectSchema, description: 'E-mail only: a template with the variable `brand`.' }),
  ),
  confirm: Type.Optional(
    Type.String({
      ...TextSchema,
      description:
        'For codes that are bound to a context. Also has the variables `amount`, `currency`, `payee` and those of ' +
        '`context_variables`. It is used where it shows everything that the code is bound to; otherwise, and without ' +
        'it, the built-in words are.',
    }),
  ),
  confirm_subject: Type.Optional(SubjectSchema),
  context_variables: Type.Optional(
    Type.Array(Type.String({ pattern: VARIABLE_NAME.source }), {
      maxItems: 10,
      uniqueItems: true,
      description: 'Other members of the context that `confirm` shows.',
    }),
  ),
};

export const TemplateParams = Type.Object({ channel: TemplateChannelSchema, locale: LocaleSchema }, closed);
export const TemplateBody = Type.Object(templateMembers, closed);

export const CodeMessageSchema = Type.Object(
  {
    channel: TemplateChannelSchema,
    locale: Type.String(),
    text: Type.String(),
    subject: nullable(Type.String()),
    confirm: nullable(Type.String()),
    confirm_subject: nullable(Type.String()),
    context_variables: Type.Array(Type.String()),
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'CodeMessage' },
);

export const PreviewBody = Type.Object(
  {
    channel: TemplateChannelSchema,
    locale: LocaleSchema,
    ...templateMembers,
    text: Type.Optional(templateMembers.text),
    brand: Type.Optional(Type.String({ minLength: 1, maxLength: 40, description: 'Default: the project’s.' })),
    context: Type.Optional(
      Type.Record(Type.String({ pattern: VARIABLE_NAME.source }), Type.String({ minLength: 1, maxLength: 200 }), {
        ...closed,
        maxProperties: 10,
      }),
    ),
    origin: Type.Optional(Type.String({ maxLength: 253, pattern: '^[a-z0-9.-]+$' })),
    android_app_hash: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9+/]{11}$' })),
  },
  closed,
);

export const PreviewSchema = Type.Object(
  {
    worded_by: Type.Enum(['project', 'built_in']),
    notes: Type.Array(Type.Enum([...UNSUITABLE, 'text_too_long_for_android']), {
      description: 'What is not as it was asked for.',
    }),
    locale: Type.String(),
    text: Type.String(),
    subject: nullable(Type.String()),
    html: nullable(Type.String()),
    segments: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Short messages it takes; null for other channels.',
    }),
    encoding: Type.Union([Type.Literal('gsm7'), Type.Literal('ucs2'), Type.Null()]),
    bytes: Type.Integer({ description: 'In UTF-8; Android reads texts of at most 140.' }),
  },
  { ...closed, title: 'CodeMessagePreview' },
);

export function viewTemplate(template: StoredTemplate): Static<typeof CodeMessageSchema> {
  const { channel, locale, text, subject, confirm, confirmSubject, context, updatedAt } = template;
  return {
    ...{ channel, locale, text, subject, confirm, confirm_subject: confirmSubject },
    context_variables: [...context],
    updated_at: toTimestamp(updatedAt),
  };
}

export function viewPreview(channel: string, { composed, by, notes }: WordedCode): Static<typeof PreviewSchema> {
  const { text, locale, subject = null, html = null } = composed;
  const size = channel === 'sms' ? measureText(text) : null;
  return {
    ...{ worded_by: by, notes, locale, text, subject, html },
    segments: size?.segments ?? null,
    encoding: size?.encoding ?? null,
    bytes: Buffer.byteLength(text),
  };
}
