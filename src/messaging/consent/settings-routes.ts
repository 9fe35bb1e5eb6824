import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import { closed } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { type ConsentSettings, readSettings, STOP_SCOPES, saveSettings } from './settings.ts';

const SettingsSchema = Type.Object(
  {
    help: Type.Union([Type.String({ minLength: 1, maxLength: 480, pattern: '^[^\\p{Cc}]+$' }), Type.Null()], {
      description: 'The answer to HELP: who you are, how you are reached, how to stop. Null: ours.',
    }),
    stop_scope: Type.Enum([...STOP_SCOPES], {
      description: 'What STOP ends: all marketing of the project, or that of the sender it was sent to.',
    }),
  },
  { ...closed, title: 'ConsentSettings' },
);

const tags = ['Consent'];

export function consentSettingsRoutes({ db, now }: { db: Database; now: Now }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/v1/consents/settings',
      {
        config: { scope: 'contacts:read' },
        schema: {
          operationId: 'getConsentSettings',
          tags,
          summary: 'How replies are answered',
          response: { 200: SettingsSchema },
        },
      },
      async (request) => view(await readSettings(db.kysely, ownerOf(request))),
    );

    app.put(
      '/v1/consents/settings',
      {
        config: { scope: 'settings:write' },
        schema: {
          operationId: 'putConsentSettings',
          tags,
          summary: 'Change how replies are answered',
          description: 'From now on, for the mode of the key. A STOP that was taken keeps its scope.',
          body: SettingsSchema,
          response: { 200: SettingsSchema },
        },
      },
      async (request) => {
        const { help, stop_scope: stopScope } = request.body;
        await saveSettings(db, ownerOf(request), { help, stopScope }, actorOf(request), now());
        return request.body;
      },
    );
  };
}

const view = ({ help, stopScope }: ConsentSettings): Static<typeof SettingsSchema> => ({ help, stop_scope: stopScope });

function ownerOf({ auth }: FastifyRequest) {
  return { project: auth.projectId, mode: auth.mode };
}
