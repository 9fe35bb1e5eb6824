import { type Static, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import { CHANNELS } from '../../lib/channels.ts';
import type { FieldError } from '../../lib/errors.ts';
import { isTimeZone } from '../contacts/time-zone.ts';
import { type OwnWindow, WEEKDAYS } from './own-windows.ts';

const PURPOSES = ['marketing', 'transactional'] as const;
const TIME = '^(?:[01][0-9]|2[0-3]):[0-5][0-9]$';

export const WindowSchema = Type.Object(
  {
    days: Type.Optional(Type.Array(Type.Enum([...WEEKDAYS]), { minItems: 1, maxItems: 7, uniqueItems: true })),
    from: Type.String({ pattern: TIME, description: '`HH:MM` by the recipient’s clock.' }),
    to: Type.String({ pattern: `${TIME.slice(0, -1)}$|^24:00$`, description: '`HH:MM`, not included; or `24:00`.' }),
    countries: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), { minItems: 1, maxItems: 300, uniqueItems: true }),
    ),
    channels: Type.Optional(Type.Array(Type.Enum([...CHANNELS]), { minItems: 1, uniqueItems: true })),
    purposes: Type.Optional(
      Type.Array(Type.Enum([...PURPOSES]), { minItems: 1, uniqueItems: true, description: 'Default: marketing.' }),
    ),
  },
  {
    ...closed,
    title: 'SendingWindow',
    description: 'When something may be sent. Of several that fit, any will do; where none fits, there is no limit.',
  },
);

export const FrequencyCapSchema = Type.Object(
  {
    purpose: Type.Enum([...PURPOSES]),
    max: Type.Integer({ minimum: 1, maximum: 50 }),
    days: Type.Integer({ minimum: 1, maximum: 90 }),
  },
  { ...closed, title: 'FrequencyCap', description: 'At most so many messages to a contact within any so many days.' },
);

export const SendingRulesSchema = Type.Object(
  {
    time_zone: Type.String({
      maxLength: 64,
      description: 'IANA; of whoever neither a zone nor a country is known of.',
    }),
    windows: Type.Array(WindowSchema, { maxItems: 50 }),
    frequency_caps: Type.Array(FrequencyCapSchema, { maxItems: 10 }),
    opt_out_mentions: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[A-Z]{2}$' }),
        Type.String({ minLength: 4, maxLength: 60, pattern: '^[^\\p{Cc}]+$' }),
        {
          ...closed,
          maxProperties: 50,
          description: 'How to stop it, by country: put below marketing SMS that do not say it themselves.',
          examples: [{ FR: 'STOP au 36111' }],
        },
      ),
    ),
  },
  { ...closed, title: 'SendingRules' },
);

export function checkRules({ time_zone, windows }: Static<typeof SendingRulesSchema>): FieldError[] {
  const zone = isTimeZone(time_zone) ? [] : [{ pointer: '/time_zone', message: 'is not an IANA time zone' }];
  return [...zone, ...checkWindows(windows, '/windows')];
}

export function checkWindows(windows: readonly Static<typeof WindowSchema>[], pointer: string): FieldError[] {
  return windows.flatMap(({ from, to }, index) =>
    from < to
      ? []
      : [{ pointer: `${pointer}/${index}/to`, message: 'must be later than from; a night is two windows' }],
  );
}

/** As it came, without members that are undefined. */
export const toOwnWindow = (window: Static<typeof WindowSchema>) => window as OwnWindow;
