import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type TSchema, Type } from 'typebox';
import { actorOf } from '../audit/admin-event.ts';
import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../http/pagination.ts';
import { closed, listOf } from '../http/schemas.ts';
import type { Now } from '../lib/clock.ts';
import { type FieldError, Problem } from '../lib/errors.ts';
import { newId } from '../lib/ids.ts';
import type { Keyring } from '../lib/keyring.ts';
import { patchPolicy } from './patch-policy.ts';
import { findProject, insertProject, listProjects, type PolicyOverrides, updateProject } from './projects.ts';
import { requireAdministrator } from './require-administrator.ts';
import { hasTestNumbers } from './test-numbers.ts';
import { NameSchema, ProjectIdSchema, ProjectSchema, viewProject } from './views.ts';

export interface ProjectRoutesDeps {
  db: Database;
  now: Now;
  keyring: Keyring;
  production: boolean;
  /** A closed object of optional members, each with its bounds. */
  policySchema: TSchema;
  /** The same with null for every member. */
  policyPatchSchema: TSchema;
  /** What contradicts itself in the policy that these overrides make; pointers into the policy. */
  checkPolicy(overrides: PolicyOverrides): FieldError[];
}

const tags = ['Projects'];
const config = { scope: 'admin' } as const;
const params = Type.Object({ id: ProjectIdSchema }, closed);
const ADMIN = 'A key with the admin scope manages every project of the installation, not only its own.';

export function projectRoutes(deps: ProjectRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, now } = deps;
  const cursors = createCursors(deps.keyring, 'projects');
  const policySchema = Type.Unsafe<PolicyOverrides>(deps.policySchema);
  const policyPatchSchema = Type.Unsafe<PolicyOverrides>(deps.policyPatchSchema);

  return async (app) => {
    app.addHook('onRequest', requireAdministrator(deps.production));

    app.post(
      '/v1/projects',
      {
        config,
        schema: {
          operationId: 'createProject',
          tags,
          summary: 'Create a project',
          description: ADMIN,
          body: Type.Object({ name: NameSchema, policy: Type.Optional(policySchema) }, closed),
          response: { 201: ProjectSchema },
        },
      },
      async (request, reply) => {
        const { name, policy = {} } = request.body;
        refuseUnusable(policy);
        const input = { id: newId('prj'), name, policy };
        const project = await writeTransaction(db, {}, (trx) => insertProject(trx, input, actorOf(request), now()));
        reply.code(201).header('location', `${app.prefix}/v1/projects/${project.id}`);
        return viewProject(project);
      },
    );

    app.get(
      '/v1/projects',
      {
        config,
        schema: {
          operationId: 'listProjects',
          tags,
          summary: 'Projects, oldest first',
          description: ADMIN,
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(ProjectSchema) },
        },
      },
      async ({ query }) => {
        const limit = query.limit ?? DEFAULT_LIMIT;
        const [at, id] = cursors.decode(query.cursor) ?? [];
        const after = at === undefined ? null : { at: Number(at), id: String(id) };
        const rows = await listProjects(db.kysely, after, limit + 1);
        return toPage(rows, limit, cursors, (row) => [row.createdAt, row.id], viewProject);
      },
    );

    app.get(
      '/v1/projects/:id',
      {
        config,
        schema: {
          operationId: 'getProject',
          tags,
          summary: 'One project',
          description: ADMIN,
          params,
          response: { 200: ProjectSchema },
        },
      },
      async (request) => {
        const project = await findProject(db.kysely, request.params.id);
        if (!project) throw new Problem('not_found');
        return viewProject(project);
      },
    );

    app.patch(
      '/v1/projects/:id',
      {
        config,
        schema: {
          operationId: 'updateProject',
          tags,
          summary: 'Change a project’s name or policy',
          description:
            `Members of the policy that are given replace those in force, inside limits and guesses too; the others stay. ` +
            `null takes the project’s own value away: the installation’s is in force again. ${ADMIN}`,
          params,
          body: Type.Object(
            { name: Type.Optional(NameSchema), policy: Type.Optional(policyPatchSchema) },
            { ...closed, minProperties: 1 },
          ),
          response: { 200: ProjectSchema },
        },
      },
      async (request) => {
        const { name, policy } = request.body;
        const project = await updateProject(
          db,
          request.params.id,
          (before) => {
            if (policy === undefined) return { name: name ?? before.name };
            const after = patchPolicy(before.policy, policy);
            refuseUnusable(after);
            return { name: name ?? before.name, policy: after };
          },
          actorOf(request),
          now(),
        );
        if (!project) throw new Problem('not_found');
        return viewProject(project);
      },
    );
  };

  function refuseUnusable(overrides: PolicyOverrides): void {
    const errors = deps.checkPolicy(overrides);
    if (deps.production && hasTestNumbers(overrides)) {
      errors.push({ pointer: '/test_numbers', message: 'is refused in production' });
    }
    if (errors.length === 0) return;
    throw new Problem('invalid_request', {
      errors: errors.map(({ pointer, message }) => ({ pointer: `/policy${pointer}`, message })),
    });
  }
}
