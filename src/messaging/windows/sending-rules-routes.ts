import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import { ownerOf, refuseErrors } from '../contacts/request-routes.ts';
import { type ProjectRules, readSendingRules, saveSendingRules } from './sending-rules.ts';
import { checkRules, SendingRulesSchema, toOwnWindow } from './window-schemas.ts';

const tags = ['Campaigns'];

export function sendingRulesRoutes({ db, now }: { db: Database; now: Now }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/v1/sending-rules',
      {
        config: { scope: 'campaigns:read' },
        schema: {
          operationId: 'getSendingRules',
          tags,
          summary: 'When and how often the project sends to many',
          response: { 200: SendingRulesSchema },
        },
      },
      async (request) => viewRules(await readSendingRules(db.kysely, ownerOf(request))),
    );

    app.put(
      '/v1/sending-rules',
      {
        config: { scope: 'settings:write' },
        schema: {
          operationId: 'putSendingRules',
          tags,
          summary: 'Change when and how often the project sends to many',
          description:
            'For the mode of the key, from now on, also for campaigns under way. What the law says of a country holds ' +
            'besides: windows can only be stricter. What falls outside of them waits.',
          body: SendingRulesSchema,
          response: { 200: SendingRulesSchema },
        },
      },
      async (request) => {
        const { time_zone: timeZone, windows, frequency_caps: frequencyCaps, opt_out_mentions } = request.body;
        refuseErrors(checkRules(request.body));
        const optOutMentions = opt_out_mentions ?? {};
        const rules = { timeZone, windows: windows.map(toOwnWindow), frequencyCaps, optOutMentions };
        await saveSendingRules(db, ownerOf(request), rules, actorOf(request), now());
        return viewRules(rules);
      },
    );
  };
}

function viewRules({ timeZone, windows, ...rules }: ProjectRules): Static<typeof SendingRulesSchema> {
  const { frequencyCaps: frequency_caps, optOutMentions: opt_out_mentions } = rules;
  return { time_zone: timeZone, windows, frequency_caps, opt_out_mentions };
}
