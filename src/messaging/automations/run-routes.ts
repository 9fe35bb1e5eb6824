import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { createCursors, DEFAULT_LIMIT, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import { Problem } from '../../lib/errors.ts';
import { newId } from '../../lib/ids.ts';
import { byOf, found, ownerOf, placeOf } from '../contacts/request-routes.ts';
import type { AutomationRoutesDeps } from './automation-routes.ts';
import { findAutomation, toOpen } from './automations-table.ts';
import { endRuns } from './end-runs.ts';
import { enterRuns } from './enter.ts';
import { findRun, listRuns } from './runs-table.ts';
import * as schemas from './schemas.ts';
import { viewRun, viewStory } from './views.ts';

const tags = ['Automations'];
const READ = { scope: 'campaigns:read' } as const;
const WRITE = { scope: 'campaigns:write', idempotent: true } as const;
const MAX_DATA = 8_000;

/** Contacts on their way through an automation. */
export function runRoutes(deps: AutomationRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, queue, now } = deps;
  const cursors = createCursors(deps.keyring, 'automation-runs');

  return async (app) => {
    app.post(
      '/v1/automations/:id/runs',
      {
        config: WRITE,
        schema: {
          operationId: 'enterAutomation',
          tags,
          summary: 'Let a contact in, whatever the trigger is',
          description: 'Its filter and its rules of re-entry hold: 409 with `reason` when they keep the contact out.',
          params: schemas.IdParams,
          body: schemas.EnterBody,
          response: { 201: schemas.EnteredSchema },
        },
      },
      async (request, reply) => {
        const automation = found(await findAutomation(db.kysely, ownerOf(request), request.params.id));
        const { contact_id: contactId, data } = request.body;
        refuseLong(data);
        const key = `api ${request.idempotency?.seed ?? newId('evt')}`;
        const [outcome] = await enterRuns(deps, toOpen(automation), [{ contactId, key, cause: 'api', data }], now());
        if (outcome === undefined) throw new Problem('not_found');
        if (outcome.kind === 'refused') {
          if (outcome.reason === 'no_contact') {
            throw new Problem('invalid_request', { errors: [{ pointer: '/contact_id', message: 'is no contact' }] });
          }
          throw new Problem('automation_entry_refused', { extensions: { reason: outcome.reason } });
        }
        reply.code(201).header('location', `${app.prefix}/v1/automations/${automation.row.id}/runs/${outcome.run}`);
        return { outcome: outcome.kind, run_id: outcome.run };
      },
    );

    app.get(
      '/v1/automations/:id/runs',
      {
        config: READ,
        schema: {
          operationId: 'listAutomationRuns',
          tags,
          summary: 'Who is or was in it, newest first, and what they wait for',
          params: schemas.IdParams,
          querystring: schemas.RunsQuery,
          response: { 200: listOf(schemas.RunSchema) },
        },
      },
      async (request) => {
        const owner = ownerOf(request);
        const { id } = request.params;
        found(await findAutomation(db.kysely, owner, id));
        const { limit = DEFAULT_LIMIT, cursor, status, contact_id: contactId } = request.query;
        const before = placeOf(cursors, cursor);
        const runs = await listRuns(db.kysely, owner, id, { status, contactId }, before, limit + 1);
        return toPage(runs, limit, cursors, ({ row }) => [row.entered_at, row.id], viewRun);
      },
    );

    app.get(
      '/v1/automations/:id/runs/:run',
      {
        config: READ,
        schema: {
          operationId: 'getAutomationRun',
          tags,
          summary: 'What was done for one contact, and what it waits for',
          params: schemas.RunParams,
          response: { 200: schemas.RunDetailSchema },
        },
      },
      async (request) => {
        const { id, run } = request.params;
        const story = found(await findRun(db.kysely, ownerOf(request), id, run));
        return viewStory(story.run, story.steps);
      },
    );

    app.post(
      '/v1/automations/:id/runs/:run/stop',
      {
        config: WRITE,
        schema: {
          operationId: 'stopAutomationRun',
          tags,
          summary: 'Do nothing more for one contact',
          params: schemas.RunParams,
          response: { 200: schemas.RunDetailSchema },
        },
      },
      async (request) => {
        const { owner, actor } = byOf(request);
        const { id, run } = request.params;
        found(await findRun(db.kysely, owner, id, run));
        await writeTransaction(db, {}, async (trx) => {
          const ending = { status: 'stopped', reason: 'requested' } as const;
          if ((await endRuns(trx, db.dialect, queue, [run], ending, now())) === 0) return;
          const data = { automation_id: id, run_id: run };
          await insertEvents(trx, [adminEvent('automation.run_stopped', owner.project, actor, now(), data)]);
        });
        const story = found(await findRun(db.kysely, owner, id, run));
        return viewStory(story.run, story.steps);
      },
    );
  };
}

function refuseLong(data: unknown): void {
  if (data === undefined || JSON.stringify(data).length <= MAX_DATA) return;
  throw new Problem('invalid_request', { errors: [{ pointer: '/data', message: 'is too long' }] });
}
