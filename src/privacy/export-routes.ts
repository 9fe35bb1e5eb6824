import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { actorOf, adminEvent } from '../audit/admin-event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import { closed } from '../http/schemas.ts';
import type { Auth } from '../lib/auth.ts';
import type { Now } from '../lib/clock.ts';
import type { Collect } from '../lib/subject.ts';
import { exportSubject } from './export-subject.ts';
import { modesOf } from './modes-of.ts';
import { AddressSchema, EverywhereSchema } from './schemas.ts';
import { hashOfSubject, requireAllProjects } from './who.ts';

export interface SubjectExportRoutesDeps {
  db: Database;
  now: Now;
  /** Keyed hash of a number or an address; null when it is neither. */
  hashOf(address: string): string | null;
  maskOf(address: string): string;
  collectors: readonly Collect[];
  /** Resolves when all that happened so far is in SQL. */
  recorded(): Promise<void>;
  /** Throws for a key that administers nothing. */
  requireAdministrator(request: { auth: Auth }): Promise<void>;
}

export function subjectExportRoutes(deps: SubjectExportRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, now } = deps;

  return async (app) => {
    app.get(
      '/v1/privacy/exports',
      {
        config: { scope: 'privacy:write' },
        // What HEAD would ask for is an event too.
        exposeHeadRoute: false,
        schema: {
          operationId: 'exportSubject',
          tags: ['Privacy'],
          summary: 'What is kept of a person',
          description:
            'Everything of the project that is filed under this number or address, one JSON object a line: ' +
            '`{ "kind": …, "record": {…} }`, where `kind` is `verification`, `failed_guesses`, `message`, ' +
            '`inbound_message`, `conversation`, `survey_response`, `opt_out` or `event`. ' +
            'The last line has the kind `end` and the number of each. Each export is an event.',
          querystring: Type.Object({ to: AddressSchema, all_projects: Type.Optional(EverywhereSchema) }, closed),
          response: { 200: { content: { 'application/x-ndjson': { schema: Type.Unsafe<Readable>(Type.String()) } } } },
        },
      },
      async (request, reply) => {
        const { auth, query } = request;
        const to = query.to.replace(/^ /, '+');
        const hash = hashOfSubject(deps.hashOf, 'to', to);
        if (query.all_projects) {
          requireAllProjects(request);
          await deps.requireAdministrator(request);
        }
        await deps.recorded();
        const data = { all_projects: query.all_projects ?? false };
        const exported = adminEvent('subject.exported', auth.projectId, actorOf(request), now(), data);
        await writeTransaction(db, {}, (trx) =>
          insertEvents(trx, [{ ...exported, recipient: { masked: deps.maskOf(to), hash } }]),
        );
        const subject = {
          hash,
          project: query.all_projects ? null : auth.projectId,
          modes: modesOf(auth.mode),
          isAddress: (text: string) => deps.hashOf(text) === hash,
        };
        return reply
          .header('content-type', 'application/x-ndjson')
          .header('content-disposition', 'attachment; filename="countersign-subject.ndjson"')
          .send(Readable.from(exportSubject(deps.collectors, subject)));
      },
    );
  };
}
