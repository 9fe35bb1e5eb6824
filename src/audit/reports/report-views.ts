import { type Static, Type } from 'typebox';
import { closed, TimestampSchema } from '../../http/schemas.ts';
import { toTimestamp } from '../../lib/clock.ts';
import type { AttemptsReport } from './attempts-report.ts';
import type { ReportRange } from './read-verifications.ts';
import type { VerificationTally } from './verification-tally.ts';

const nullable = <T extends ReturnType<typeof Type.Number | typeof Type.String>>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const figures = {
  starts: Type.Integer(),
  sends: Type.Integer({ description: 'Handed to a carrier, whatever became of it.' }),
  delivered: Type.Integer(),
  approved: Type.Integer(),
  conversion: nullable(Type.Number({ description: 'Approved ones among the starts.', examples: [0.9321] })),
  attempts_per_approval: nullable(
    Type.Number({ description: 'What approved verifications took on average, the right one included.' }),
  ),
  cost: Type.Array(Type.Object({ amount: Type.String({ examples: ['12.345'] }), currency: Type.String() }, closed), {
    description: 'As far as carriers told, without rounding.',
  }),
  seconds_to_approve: Type.Object({ p50: nullable(Type.Number()), p95: nullable(Type.Number()) }, closed),
};

const range = {
  since: TimestampSchema,
  until: TimestampSchema,
  recorded_until: Type.Union([TimestampSchema, Type.Null()], {
    description:
      'Nothing before it is missing. Where Redis keeps the verifications, the database follows by a moment; null: by how ' +
      'much cannot be known, as Redis does not answer.',
  }),
};

export const VerificationsReportSchema = Type.Object(
  {
    ...range,
    data: Type.Array(
      Type.Object(
        {
          country: Type.Optional(nullable(Type.String({ description: 'ISO 3166-1 alpha-2.' }))),
          channel: Type.Optional(nullable(Type.String())),
          provider: Type.Optional(nullable(Type.String())),
          hour: Type.Optional(TimestampSchema),
          ...figures,
        },
        closed,
      ),
      { description: 'By hour, and those with most starts first.' },
    ),
    total: Type.Object(figures, closed),
  },
  { ...closed, title: 'VerificationsReport' },
);

export const AttemptsReportSchema = Type.Object(
  {
    ...range,
    failures: Type.Integer({ description: 'Attempts that were wrong or refused.' }),
    reasons: Type.Record(Type.String(), Type.Integer(), {
      description: 'Those of our own making too: not_decided, interrupted.',
    }),
    recipients: Type.Array(
      Type.Object(
        {
          recipient: Type.Object({ masked: Type.String(), hash: Type.String() }, closed),
          failures: Type.Integer(),
        },
        closed,
      ),
    ),
    prefixes: Type.Array(Type.Object({ prefix: Type.String(), failures: Type.Integer() }, closed), {
      description: 'Numbers without their last four digits; those of which three numbers fail.',
    }),
    ips: Type.Array(Type.Object({ ip: Type.String(), failures: Type.Integer() }, closed), {
      description: 'Of the persons, as the app told them.',
    }),
    undercount: Type.Integer({
      description:
        'No number of the lists is too low by more than this. 0 up to 100,000 recipients, prefixes, or addresses.',
    }),
  },
  { ...closed, title: 'AttemptsReport' },
);

export function viewVerificationsReport(
  reported: ReportRange,
  recordedUntil: number | null,
  tally: VerificationTally,
): Static<typeof VerificationsReportSchema> {
  const data = tally.groups() as Static<typeof VerificationsReportSchema>['data'];
  return { ...viewRange(reported, recordedUntil), data, total: tally.total() };
}

export function viewAttemptsReport(
  reported: ReportRange,
  recordedUntil: number | null,
  report: AttemptsReport,
): Static<typeof AttemptsReportSchema> {
  return { ...viewRange(reported, recordedUntil), ...report };
}

function viewRange({ since, until }: ReportRange, recordedUntil: number | null) {
  return {
    since: toTimestamp(since),
    until: toTimestamp(until),
    recorded_until: recordedUntil === null ? null : toTimestamp(recordedUntil),
  };
}
