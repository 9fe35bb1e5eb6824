import type { KeyObject } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { createCursors, DEFAULT_LIMIT, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { defineAttributes, loadAttributes } from './attributes.ts';
import { deleteContact, saveContact } from './change-contacts.ts';
import { findContact, listContacts } from './contacts-table.ts';
import { conditionsOf } from './find-conditions.ts';
import type { Saved } from './merge-drafts.ts';
import { isIdentified, readContact } from './read-contact.ts';
import { byOf, found, ownerOf, placeOf, refuseErrors } from './request-routes.ts';
import { seededId } from './seeded-id.ts';
import * as views from './views.ts';

export interface ContactRoutesDeps {
  db: Database;
  keyring: Keyring;
  hashKey: KeyObject;
  now: Now;
}

const tags = ['Contacts'];
const READ = { scope: 'contacts:read' } as const;
const WRITE = { scope: 'contacts:write' } as const;
const params = views.idParams(views.CONTACT_ID);

const REFUSALS = {
  exists: 'There is such a contact.',
  several_contacts: 'External id and addresses belong to different contacts.',
  other_external_id: 'The contact has another external id.',
} as const;

export function contactRoutes({ db, keyring, hashKey, now }: ContactRoutesDeps): FastifyPluginAsyncTypebox {
  const cursors = createCursors(keyring, 'contacts');

  return async (app) => {
    app.post(
      '/v1/contacts',
      {
        config: { ...WRITE, idempotent: true },
        schema: {
          operationId: 'createContact',
          tags,
          summary: 'Create a contact, or update the one that has the same external id or an address',
          description: 'Needs an external id or an address. 201 when it is new, 200 when it was there.',
          body: views.NewContactBody,
          response: { 200: views.ContactSchema, 201: views.ContactSchema },
        },
      },
      async (request, reply) => {
        const { on_conflict: onConflict = 'refuse', ...input } = request.body;
        const by = byOf(request);
        const defined = await loadAttributes(db.kysely, by.owner);
        const id = seededId('con', request.idempotency);
        const { draft, errors } = readContact(hashKey, defined, input as Parameters<typeof readContact>[2], id);
        refuseErrors(errors);
        if (!isIdentified(draft))
          throw new Problem('invalid_request', { detail: 'It has neither an external id nor an address.' });
        const saved = found(await saveContact(db, by, draft, { onConflict, now: now() }));
        // A rerun finds what the first run made.
        const isNew = saved.outcome === 'created' || saved.id === id;
        if (!isNew) refuseConflict(saved);
        reply.code(isNew ? 201 : 200).header('location', `${app.prefix}/v1/contacts/${saved.id}`);
        return views.viewContact(found(await findContact(db, by.owner, saved.id ?? '')), defined);
      },
    );

    app.get(
      '/v1/contacts',
      {
        config: READ,
        schema: {
          operationId: 'listContacts',
          tags,
          summary: 'Contacts, newest first',
          querystring: views.ContactsQuery,
          response: { 200: listOf(views.ContactSchema) },
        },
      },
      async (request) => {
        const { limit = DEFAULT_LIMIT, cursor, ...query } = request.query;
        const owner = ownerOf(request);
        const conditions = await conditionsOf({ db, hashKey, now: now() }, owner, query);
        const rows = await listContacts(db, owner, conditions, placeOf(cursors, cursor), limit + 1);
        const defined = await loadAttributes(db.kysely, owner);
        return toPage(
          rows,
          limit,
          cursors,
          ({ row }) => [row.created_at, row.id],
          (row) => views.viewContact(row, defined),
        );
      },
    );

    app.get(
      '/v1/contacts/:id',
      {
        config: READ,
        schema: {
          operationId: 'getContact',
          tags,
          summary: 'One contact',
          params,
          response: { 200: views.ContactSchema },
        },
      },
      async (request) => {
        const owner = ownerOf(request);
        const contact = found(await findContact(db, owner, request.params.id));
        return views.viewContact(contact, await loadAttributes(db.kysely, owner));
      },
    );

    app.patch(
      '/v1/contacts/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'updateContact',
          tags,
          summary: 'Change a contact',
          description: 'Members that are given replace those in force, `attributes` one by one; null takes away.',
          params,
          body: views.ContactPatchBody,
          response: { 200: views.ContactSchema },
        },
      },
      async (request) => {
        const { body } = request;
        const { id } = request.params;
        const by = byOf(request);
        const defined = await loadAttributes(db.kysely, by.owner);
        const { draft, errors } = readContact(hashKey, defined, body as Parameters<typeof readContact>[2], id);
        refuseErrors(errors);
        const options = { onConflict: 'update', now: now(), target: id, replaceTags: body.tags !== undefined } as const;
        refuseConflict(found(await saveContact(db, by, draft, options)));
        return views.viewContact(found(await findContact(db, by.owner, id)), defined);
      },
    );

    app.delete(
      '/v1/contacts/:id',
      {
        config: WRITE,
        schema: {
          operationId: 'deleteContact',
          tags,
          summary: 'Delete a contact',
          description: 'Messages, consents and the audit log stay: an erasure (`/v1/privacy`) takes away those too.',
          params,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        if (!(await deleteContact(db, byOf(request), request.params.id, now()))) throw new Problem('not_found');
        return reply.code(204).send(null);
      },
    );

    app.get(
      '/v1/contact-attributes',
      {
        config: READ,
        schema: {
          operationId: 'getContactAttributes',
          tags,
          summary: 'What contacts may be told by',
          response: { 200: views.AttributesSchema },
        },
      },
      async (request) => ({ attributes: Object.fromEntries(await loadAttributes(db.kysely, ownerOf(request))) }),
    );

    app.put(
      '/v1/contact-attributes',
      {
        config: WRITE,
        schema: {
          operationId: 'defineContactAttributes',
          tags,
          summary: 'Define the attributes of contacts, all of them',
          description:
            'One that is left out is hidden with its values until it is defined again. A name keeps its type for good.',
          body: views.AttributesSchema,
          response: { 200: views.AttributesSchema },
        },
      },
      async (request) => {
        const { owner, actor } = byOf(request);
        const wanted = new Map(Object.entries(request.body.attributes));
        await writeTransaction(db, {}, async (trx) => {
          const defined = await defineAttributes(trx, owner, wanted, now());
          if (defined.kind === 'other_type') {
            refuseErrors(
              [...defined.types].map(([name, type]) => ({ pointer: `/attributes/${name}`, message: `is a ${type}` })),
            );
          }
          const data = { attributes: [...wanted.keys()].sort() };
          await insertEvents(trx, [adminEvent('contact_attributes.updated', owner.project, actor, now(), data)]);
        });
        return { attributes: Object.fromEntries(await loadAttributes(db.kysely, owner)) };
      },
    );
  };
}

function refuseConflict({ outcome, reason, id }: Saved): void {
  if (outcome !== 'refused' || !reason) return;
  if (reason === 'too_many_tags') refuseErrors([{ pointer: '/tags', message: 'would be too many' }]);
  else
    throw new Problem('conflict', { detail: REFUSALS[reason], ...(id !== null && { extensions: { contact_id: id } }) });
}
