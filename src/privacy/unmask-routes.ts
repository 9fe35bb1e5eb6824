import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { actorOf, adminEvent } from '../audit/admin-event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import { closed } from '../http/schemas.ts';
import type { Now } from '../lib/clock.ts';
import { readAddresses } from './read-addresses.ts';

export interface UnmaskRoutesDeps {
  db: Database;
  now: Now;
  maskOf(address: string): string;
}

const HashSchema = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$', description: '`recipient.hash` of an event.' });

export function unmaskRoutes({ db, now, maskOf }: UnmaskRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/v1/privacy/unmaskings',
      {
        config: { scope: 'audit:unmask' },
        schema: {
          operationId: 'unmaskRecipients',
          tags: ['Privacy'],
          summary: 'The full numbers and addresses behind masked ones',
          description:
            'Of recipients of the key’s own project and mode, by the hash that events and reports name them by. They ' +
            'come from the verifications and messages that are still kept: null once retention or an erasure has ' +
            'taken those. For each that is shown there is an event, with the reason given.',
          body: Type.Object(
            {
              hashes: Type.Array(HashSchema, { minItems: 1, maxItems: 100, uniqueItems: true }),
              reason: Type.String({
                minLength: 3,
                maxLength: 200,
                pattern: '^[^\\p{Cc}]+$',
                description: 'Why; kept in the log. Name a case, not a person.',
                examples: ['fraud case 2027-118'],
              }),
            },
            closed,
          ),
          response: {
            200: Type.Object(
              {
                data: Type.Array(
                  Type.Object({ hash: Type.String(), to: Type.Union([Type.String(), Type.Null()]) }, closed),
                ),
              },
              closed,
            ),
          },
        },
      },
      async (request) => {
        const { auth, body } = request;
        const found = await readAddresses(db.kysely, { project: auth.projectId, mode: auth.mode }, body.hashes);
        const at = now();
        const events = [...found].map(([hash, address]) => ({
          ...adminEvent('recipient.unmasked', auth.projectId, actorOf(request), at, { reason: body.reason }),
          recipient: { masked: maskOf(address), hash },
        }));
        // Nobody sees what is not on record.
        if (events.length > 0) await writeTransaction(db, {}, (trx) => insertEvents(trx, events));
        return { data: body.hashes.map((hash) => ({ hash, to: found.get(hash) ?? null })) };
      },
    );
  };
}
