import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Database } from '../../db/open.ts';
import { closed, TimestampSchema } from '../../http/schemas.ts';
import type { Auth } from '../../lib/auth.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { readTimeRange } from '../read-time-range.ts';
import { reportAttempts } from './attempts-report.ts';
import { type ReportRange, readVerifications } from './read-verifications.ts';
import {
  AttemptsReportSchema,
  VerificationsReportSchema,
  viewAttemptsReport,
  viewVerificationsReport,
} from './report-views.ts';
import { createTurns } from './turns.ts';
import { createVerificationTally, DIMENSIONS, type Dimension } from './verification-tally.ts';

export interface ReportRoutesDeps {
  db: Database;
  now: Now;
  /** Up to when the database has everything, ms; null when that cannot be known. */
  recordedUntil(now: number): Promise<number | null>;
}

const tags = ['Reports'];
/** What a report counts, a reader of events could count as well. */
const config = { scope: 'events:read', orScope: 'audit:read' } as const;
const DAY_MS = 86_400_000;
const MAX_RANGE_MS = 31 * DAY_MS;
const MAX_GROUPS = 10_000;
const MAX_WAITING = 4;
const MAX_TOP = 100;
const DEFAULT_TOP = 20;

const range = {
  since: Type.Optional({ ...TimestampSchema, description: 'Inclusive. Default: a day before `until`.' }),
  until: Type.Optional({ ...TimestampSchema, description: 'Exclusive. Default: now. At most 31 days after `since`.' }),
};
const RANGE = 'Of the key’s own project and mode. What retention or erasure has deleted is not counted.';

const dimension = `(?:${DIMENSIONS.join('|')})`;

export function reportRoutes({ db, now, recordedUntil }: ReportRoutesDeps): FastifyPluginAsyncTypebox {
  const inTurn = createTurns(MAX_WAITING);

  return async (app) => {
    app.get(
      '/v1/reports/verifications',
      {
        config,
        schema: {
          operationId: 'reportVerifications',
          tags,
          summary: 'Starts, sends, approvals, their cost and how long they took',
          description:
            'By the time of the start, so that the newest ones may still be approved. Grouped by channel or provider, a ' +
            `verification counts as started wherever it sent, and as approved where its last send went. ${RANGE}`,
          querystring: Type.Object(
            {
              group_by: Type.Optional(
                Type.String({
                  pattern: `^${dimension}(?:,${dimension})*$`,
                  description: `Some of ${DIMENSIONS.join(', ')}, separated by commas.`,
                  examples: ['country,channel'],
                }),
              ),
              ...range,
            },
            closed,
          ),
          response: { 200: VerificationsReportSchema },
        },
      },
      async ({ auth, query }) => {
        const by = (query.group_by?.split(',') ?? []) as Dimension[];
        if (new Set(by).size < by.length) throw invalid('group_by', 'names each once');
        const at = now();
        const reported = readRange(auth, query, at);
        return inTurn(async () => {
          const recorded = await recordedUntil(at);
          const tally = createVerificationTally(by);
          for await (const page of readVerifications(db, reported)) {
            for (const verification of page) tally.add(verification);
            if (tally.size() > MAX_GROUPS) throw invalid('group_by', `makes more than ${MAX_GROUPS} groups`);
          }
          return viewVerificationsReport(reported, recorded, tally);
        });
      },
    );

    app.get(
      '/v1/reports/attempts',
      {
        config,
        schema: {
          operationId: 'reportAttempts',
          tags,
          summary: 'Whose codes are guessed, and from where',
          description: `Recipients, blocks of numbers and addresses with most failed attempts. ${RANGE}`,
          querystring: Type.Object(
            {
              ...range,
              limit: Type.Optional(
                Type.Integer({ minimum: 1, maximum: MAX_TOP, default: DEFAULT_TOP, description: 'Of each list.' }),
              ),
            },
            closed,
          ),
          response: { 200: AttemptsReportSchema },
        },
      },
      async ({ auth, query }) => {
        const at = now();
        const reported = readRange(auth, query, at);
        return inTurn(async () => {
          const recorded = await recordedUntil(at);
          const report = await reportAttempts(db, reported, query.limit ?? DEFAULT_TOP);
          return viewAttemptsReport(reported, recorded, report);
        });
      },
    );
  };
}

function readRange(auth: Auth, query: { since?: string; until?: string }, now: number): ReportRange {
  const given = readTimeRange(query.since, query.until);
  const until = given.until ?? Math.max(now, (given.since ?? 0) + 1);
  const since = given.since ?? until - DAY_MS;
  if (until - since > MAX_RANGE_MS) throw invalid('since', 'must be at most 31 days before until');
  return { project: auth.projectId, mode: auth.mode, since, until };
}

function invalid(pointer: string, message: string): Problem {
  return new Problem('invalid_request', { errors: [{ pointer, message }] });
}
