import type { Selectable } from 'kysely';
import { type Static, Type } from 'typebox';
import type { KeywordTable } from '../../db/schema/inbound.ts';
import { closed, TimestampSchema } from '../../http/schemas.ts';
import { toTimestamp } from '../../lib/clock.ts';
import type { FieldError } from '../../lib/errors.ts';
import { normalizeReply } from '../consent/keywords/normalize-reply.ts';
import { readReply } from '../consent/keywords/read-reply.ts';
import { TemplateReplySchema } from './template-reply.ts';

export type KeywordRow = Selectable<KeywordTable>;

export const KEYWORD_ID = '^kwd_[0-9a-hjkmnp-tv-z]{26}$';
export const MAX_WORDS = 5;

/** What a phone shows: line breaks are all the control characters there are. */
const Text = { minLength: 1, maxLength: 1_000, pattern: '^(?:[^\\p{Cc}]|\\n)+$' } as const;
const Answer = { text: Type.Optional(Type.String({ ...Text, description: 'Answered with this.' })) };
const Word = { minLength: 1, maxLength: 60, pattern: '^[^\\p{Cc}]+$' } as const;

/** As people write it, or one of the spellings of E.164. */
export const NUMBER = { minLength: 3, maxLength: 20, pattern: '^\\+?[0-9]{3,15}$|^[A-Za-z0-9 ]{3,11}$' } as const;

const QuestionSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }),
    text: Type.String({ ...Text, maxLength: 480 }),
    kind: Type.Optional(Type.Enum(['text', 'choice', 'number'], { description: 'Without it: `text`.' })),
    options: Type.Optional(Type.Array(Type.String(Word), { minItems: 2, maxItems: 9 })),
    minimum: Type.Optional(Type.Number()),
    maximum: Type.Optional(Type.Number()),
  },
  closed,
);

export const SurveySchema = Type.Object(
  {
    questions: Type.Array(QuestionSchema, { minItems: 1, maxItems: 10 }),
    closing: Type.Optional(Type.String({ ...Text, maxLength: 480, description: 'Said after the last answer.' })),
    timeout_seconds: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 604_800,
        description: 'So long each answer is waited for; without it a day.',
      }),
    ),
  },
  closed,
);

export const ActionSchema = Type.Union([
  Type.Object({ type: Type.Literal('reply'), text: Type.String(Text) }, closed),
  TemplateReplySchema,
  Type.Object(
    { type: Type.Literal('forward'), ...Answer },
    { ...closed, description: 'Nothing but the event `message.received`.' },
  ),
  Type.Object({ type: Type.Literal('conversation'), ...Answer }, closed),
  Type.Object(
    { type: Type.Literal('opt_in'), ...Answer },
    { ...closed, description: 'Consent to marketing by this channel; it takes a STOP back.' },
  ),
  Type.Object({ type: Type.Literal('opt_out'), ...Answer }, { ...closed, description: 'The same as STOP.' }),
  Type.Object({ type: Type.Literal('survey'), survey: SurveySchema }, closed),
]);

export const KeywordBody = Type.Object(
  {
    keywords: Type.Array(Type.String(Word), {
      maxItems: 20,
      description: 'Compared without case, accents and punctuation. None: whatever no other rule is for.',
    }),
    match: Type.Enum(['exact', 'first'], {
      default: 'exact',
      description: '`first`: the message may go on after the word.',
    }),
    number: Type.Optional(
      Type.Union([Type.String(NUMBER), Type.Null()], { description: 'Of yours; without it: all.' }),
    ),
    action: ActionSchema,
  },
  closed,
);

export const KeywordSchema = Type.Object(
  {
    id: Type.String(),
    keywords: Type.Array(Type.String()),
    match: Type.Enum(['exact', 'first']),
    number: Type.Union([Type.String(), Type.Null()]),
    action: ActionSchema,
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'Keyword' },
);

export type KeywordInput = Static<typeof KeywordBody>;
export type KeywordAction = Static<typeof ActionSchema>;

/** What the schema cannot say. */
export function findKeywordErrors({ keywords, action }: KeywordInput): FieldError[] {
  const errors = keywords.flatMap((keyword, index): FieldError[] => {
    const pointer = `/keywords/${index}`;
    const word = normalizeReply(keyword);
    const kind = readReply(keyword, null)?.kind;
    if (word === '') return [{ pointer, message: 'has neither letter nor digit' }];
    if (word.split(' ').length > MAX_WORDS) return [{ pointer, message: `is of more than ${MAX_WORDS} words` }];
    if (kind === 'stop' || kind === 'help') return [{ pointer, message: `is read as ${kind.toUpperCase()} already` }];
    return [];
  });
  return action.type === 'survey' ? [...errors, ...findSurveyErrors(action.survey)] : errors;
}

function findSurveyErrors({ questions }: Static<typeof SurveySchema>): FieldError[] {
  return questions.flatMap(({ name, kind, options, minimum, maximum }, index): FieldError[] => {
    const pointer = `/action/survey/questions/${index}`;
    const isNumber = minimum !== undefined || maximum !== undefined;
    if (questions.findIndex((other) => other.name === name) < index) {
      return [{ pointer: `${pointer}/name`, message: 'is that of an earlier question' }];
    }
    if ((kind === 'choice') !== (options !== undefined)) {
      return [{ pointer: `${pointer}/options`, message: 'are needed by a choice, and by nothing else' }];
    }
    if (isNumber && kind !== 'number') return [{ pointer, message: 'has bounds, but is not a number' }];
    return [];
  });
}

export function viewKeyword(row: KeywordRow): Static<typeof KeywordSchema> {
  const { id, words, match, number, action, created_at, updated_at } = row;
  return {
    ...{ id, keywords: JSON.parse(words), match, number, action: JSON.parse(action) },
    ...{ created_at: toTimestamp(created_at), updated_at: toTimestamp(updated_at) },
  };
}
