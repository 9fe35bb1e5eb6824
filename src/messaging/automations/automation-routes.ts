import type { KeyObject } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { createCursors, DEFAULT_LIMIT, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { Owner } from '../contacts/contact.ts';
import { byOf, found, ownerOf, placeOf } from '../contacts/request-routes.ts';
import { seededId } from '../contacts/seeded-id.ts';
import type { Definition } from './automation.ts';
import * as table from './automations-table.ts';
import { type CheckDeps, checkDefinition } from './check-definition.ts';
import type { EnterDeps } from './enter.ts';
import { hookSecretOf } from './hook-secret.ts';
import { runRoutes } from './run-routes.ts';
import { countRuns } from './runs-table.ts';
import * as schemas from './schemas.ts';
import { viewAutomation } from './views.ts';

export interface AutomationRoutesDeps extends CheckDeps, EnterDeps {
  hashKey: KeyObject;
  keyring: Keyring;
  now: Now;
  /** Those that were paused or stopped are looked after at once. */
  wake(): void;
}

const tags = ['Automations'];
const READ = { scope: 'campaigns:read' } as const;
const WRITE = { scope: 'campaigns:write' } as const;
const MAX_AUTOMATIONS = 500;

export function automationRoutes(deps: AutomationRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, hashKey, now } = deps;
  const cursors = createCursors(deps.keyring, 'automations');

  /** Its shape is checked; what the schema cannot say is not. */
  async function read(owner: Owner, given: unknown): Promise<Definition> {
    const checked = await checkDefinition(deps, owner, given as Definition);
    if ('errors' in checked) throw new Problem('invalid_request', { errors: checked.errors });
    return checked.definition;
  }

  return async (app) => {
    const view = (automation: table.Automation) => viewAutomation(app.prefix, automation);
    await app.register(runRoutes(deps));

    app.post(
      '/v1/automations',
      {
        config: { ...WRITE, idempotent: true },
        schema: {
          operationId: 'createAutomation',
          tags,
          summary: 'Say what is done for each contact when something happens',
          description: 'A draft: it lets nobody in before it is started.',
          body: schemas.AutomationBody,
          response: { 201: schemas.AutomationSchema },
        },
      },
      async (request, reply) => {
        const by = byOf(request);
        const { name, ...given } = request.body;
        const definition = await read(by.owner, given);
        const id = seededId('aut', request.idempotency);
        const created = await table.createAutomation(db, by, { id, name, definition }, now(), MAX_AUTOMATIONS);
        if (!created) throw new Problem('policy_violation', { detail: `At most ${MAX_AUTOMATIONS} automations.` });
        reply.code(201).header('location', `${app.prefix}/v1/automations/${id}`);
        return view(created);
      },
    );

    app.get(
      '/v1/automations',
      {
        config: READ,
        schema: {
          operationId: 'listAutomations',
          tags,
          summary: 'Automations, newest first',
          querystring: schemas.ListQuery,
          response: { 200: listOf(schemas.AutomationSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor } = request.query;
        const rows = await table.listAutomations(db.kysely, ownerOf(request), placeOf(cursors, cursor), limit + 1);
        return toPage(rows, limit, cursors, ({ row }) => [row.created_at, row.id], view);
      },
    );

    app.get(
      '/v1/automations/:id',
      {
        config: READ,
        schema: {
          operationId: 'getAutomation',
          tags,
          summary: 'One automation: who is in it, and who was not let in',
          params: schemas.IdParams,
          response: { 200: schemas.AutomationDetailSchema },
        },
      },
      async (request) => {
        const { id } = request.params;
        const automation = found(await table.findAutomation(db.kysely, ownerOf(request), id));
        return { ...view(automation), ...(await countRuns(db.kysely, id)) };
      },
    );

    app.patch(
      '/v1/automations/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'updateAutomation',
          tags,
          summary: 'Rename it, or make its next version',
          description: 'Contacts that are in it go on by the version they entered.',
          params: schemas.IdParams,
          body: schemas.AutomationPatch,
          response: { 200: schemas.AutomationSchema },
        },
      },
      async (request) => {
        const by = byOf(request);
        const { name, definition: given } = request.body;
        found(await table.findAutomation(db.kysely, by.owner, request.params.id));
        const change = {
          ...(name !== undefined && { name }),
          ...(given !== undefined && { definition: await read(by.owner, given) }),
        };
        const changed = found(await table.changeAutomation(db, by, request.params.id, change, now()));
        if (changed === 'too_many') {
          throw new Problem('policy_violation', { detail: 'It has as many versions as there may be: make a new one.' });
        }
        return view(changed);
      },
    );

    app.delete(
      '/v1/automations/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'deleteAutomation',
          tags,
          summary: 'Delete it; whoever is in it goes no further',
          params: schemas.IdParams,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        if (!(await table.deleteAutomation(db, byOf(request), request.params.id, now()))) {
          throw new Problem('not_found');
        }
        deps.wake();
        return reply.code(204).send(null);
      },
    );

    for (const [control, summary] of CONTROLS) {
      app.post(
        `/v1/automations/:id/${control}`,
        {
          config: { ...WRITE, idempotent: true },
          schema: {
            operationId: `${control}Automation`,
            tags,
            summary,
            params: schemas.IdParams,
            response: { 200: schemas.AutomationSchema },
          },
        },
        async (request) => {
          const { id } = request.params as { id: string };
          const result = await table.controlAutomation(db, byOf(request), id, control, now());
          if (result.kind === 'not_found') throw new Problem('not_found');
          if (result.kind === 'wrong_state') {
            throw new Problem('wrong_automation_state', { extensions: { automation_status: result.status } });
          }
          deps.wake();
          return view(result.automation);
        },
      );
    }

    app.post(
      '/v1/automations/:id/rotate-secret',
      {
        config: WRITE,
        schema: {
          operationId: 'rotateAutomationSecret',
          tags,
          summary: 'A new secret of its webhooks; the one before is not taken any more',
          params: schemas.IdParams,
          response: { 200: schemas.SecretSchema },
        },
      },
      async (request) => {
        const row = found(await table.rotateHookSecret(db, byOf(request), request.params.id, now()));
        return { secret: hookSecretOf(hashKey, row) };
      },
    );
  };
}

const CONTROLS = [
  ['start', 'Let contacts in'],
  ['pause', 'Let nobody in and do nothing for those that are in it'],
  ['resume', 'Go on where it was paused'],
  ['stop', 'Let nobody in and end the runs of those that are in it'],
] as const satisfies [table.Control, string][];
