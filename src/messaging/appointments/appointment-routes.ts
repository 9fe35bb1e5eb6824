import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { actorOf } from '../../audit/admin-event.ts';
import type { CreateResult, MessageCaller, MessageInserts } from '../../delivery/messages/create.ts';
import { hashRecipient, readRecipient } from '../../delivery/messages/recipient.ts';
import { createCursors, DEFAULT_LIMIT, toPage } from '../../http/pagination.ts';
import { listOf } from '../../http/schemas.ts';
import type { Auth } from '../../lib/auth.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { seededId } from '../contacts/seeded-id.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import type { AppointmentRow, Owner } from './appointment.ts';
import * as schemas from './appointment-schemas.ts';
import { type Appointment, findAppointment, listAppointments } from './appointments-table.ts';
import {
  applyAct,
  type ChangeDeps,
  type Changed,
  createAppointment,
  type Target,
  updateAppointment,
} from './change-appointment.ts';
import { type ReadDeps, readAppointment, readChange } from './read-appointment.ts';
import type { Read } from './read-words.ts';
import { ACTS, type Act } from './transitions.ts';
import { wordReminder } from './word-reminder.ts';

export interface AppointmentRoutesDeps extends ChangeDeps, ReadDeps {
  keyring: Keyring;
  messages: Pick<MessageInserts, 'prepare'>;
  reader: Pick<TemplateReader, 'find'>;
  callerOf(auth: Auth): Pick<MessageCaller, 'calls' | 'templateReview'>;
  now: Now;
}

const tags = ['Appointments'];
const READ = { scope: 'messages:read' } as const;
const SEND = { scope: 'messages:send' } as const;

const ACT_TEXTS: Readonly<Record<Act, string>> = {
  confirm: 'Say that the person confirmed',
  cancel: 'Call an appointment off, with the reminders that nobody has handed over yet',
  complete: 'Say that it took place',
  miss: 'Say that the person did not come',
};

export function appointmentRoutes(deps: AppointmentRoutesDeps): FastifyPluginAsyncTypebox {
  const { db, hashKey, now } = deps;
  const cursors = createCursors(deps.keyring, 'appointments');

  /** What could not be sent later is refused now. */
  async function check(request: FastifyRequest, row: AppointmentRow): Promise<void> {
    const caller = { ...ownerOf(request), actor: request.auth.keyId, ...deps.callerOf(request.auth) };
    const prepared = await deps.messages.prepare(caller, await wordReminder(deps.reader, row), now(), row.id);
    if (prepared.kind !== 'prepared') throw problemOf(prepared);
  }

  return async (app) => {
    app.post(
      '/v1/appointments',
      {
        config: { ...SEND, idempotent: true },
        schema: {
          operationId: 'createAppointment',
          tags,
          summary: 'Create an appointment, with its reminders',
          description:
            'Each reminder becomes a message when it is due, never after the time. Who replies to one confirms, cancels ' +
            'or asks for another time: events `appointment.*`.',
          body: schemas.AppointmentBody,
          response: { 201: schemas.AppointmentSchema },
        },
      },
      async (request, reply) => {
        const owner = ownerOf(request);
        const id = seededId('apt', request.idempotency);
        const read = await readAppointment(deps, { owner, id, actor: request.auth.keyId }, request.body, now());
        const row = accepted(read);
        await check(request, row);
        const appointment = await createAppointment(deps, row, actorOf(request));
        reply.code(201).header('location', `${app.prefix}/v1/appointments/${id}`);
        return schemas.viewAppointment(appointment);
      },
    );

    app.get(
      '/v1/appointments',
      {
        config: READ,
        schema: {
          operationId: 'listAppointments',
          tags,
          summary: 'Appointments by their time, the first one first',
          querystring: schemas.ListQuery,
          response: { 200: listOf(schemas.AppointmentSchema) },
        },
      },
      async (request) => {
        const { status, to, contact_id: contactId, starts_from, starts_before } = request.query;
        const { cursor, limit = DEFAULT_LIMIT } = request.query;
        const [startsAt, id] = cursors.decode(cursor) ?? [];
        const filter = {
          ...{ status, contactId },
          recipientHash: to === undefined ? undefined : recipientHashOf(to),
          startsFrom: starts_from === undefined ? undefined : Date.parse(starts_from),
          startsBefore: starts_before === undefined ? undefined : Date.parse(starts_before),
        };
        const after = startsAt === undefined ? null : { startsAt: Number(startsAt), id: String(id) };
        const found = await listAppointments(db, ownerOf(request), filter, after, limit + 1);
        return toPage(found, limit, cursors, ({ row }) => [row.starts_at, row.id], schemas.viewAppointment);
      },
    );

    app.get(
      '/v1/appointments/:id',
      {
        config: READ,
        schema: {
          operationId: 'getAppointment',
          tags,
          summary: 'One appointment, and what became of its reminders',
          params: schemas.IdParams,
          response: { 200: schemas.AppointmentSchema },
        },
      },
      async (request) => schemas.viewAppointment(await find(request, request.params.id)),
    );

    app.patch(
      '/v1/appointments/:id',
      {
        config: SEND,
        schema: {
          operationId: 'updateAppointment',
          tags,
          summary: 'Change or move an appointment',
          description:
            'One that moves is to be confirmed anew and reminds again; otherwise reminders that went out are not repeated.',
          params: schemas.IdParams,
          body: schemas.AppointmentPatch,
          response: { 200: schemas.AppointmentSchema },
        },
      },
      async (request) => {
        const { row } = await find(request, request.params.id);
        const at = now();
        const change = (before: AppointmentRow) => readChange(before, request.body, at);
        await check(request, { ...row, ...accepted(change(row)) });
        return view(await updateAppointment(deps, targetOf(request, row.id), change, at));
      },
    );

    for (const act of ACTS) {
      app.post(
        `/v1/appointments/:id/${act}`,
        {
          config: { ...SEND, idempotent: true },
          schema: {
            ...{ operationId: `${act}Appointment`, tags, summary: ACT_TEXTS[act] },
            params: schemas.IdParams,
            response: { 200: schemas.AppointmentSchema },
          },
        },
        async (request) => {
          const { id } = request.params as { id: string };
          return view(await applyAct(deps, targetOf(request, id), act, now()));
        },
      );
    }
  };

  async function find(request: FastifyRequest, id: string): Promise<Appointment> {
    const found = await findAppointment(db, ownerOf(request), id);
    if (!found) throw new Problem('not_found');
    return found;
  }

  function recipientHashOf(to: string): string {
    // A `+` that was not percent-encoded arrives as a space.
    const recipient = readRecipient(to.includes('@') ? 'email' : 'sms', to.replace(/^ /, '+'));
    if (recipient) return hashRecipient(hashKey, recipient);
    throw new Problem('invalid_request', { errors: [{ pointer: 'to', message: 'is not an address' }] });
  }
}

function view(changed: Changed) {
  if (changed.kind === 'not_found') throw new Problem('not_found');
  if (changed.kind === 'invalid') throw new Problem('invalid_request', { errors: changed.errors });
  if (changed.kind === 'refused') {
    throw new Problem('appointment_ended', { extensions: { appointment_status: changed.status } });
  }
  return schemas.viewAppointment(changed.appointment);
}

function ownerOf({ auth }: FastifyRequest): Owner {
  return { project: auth.projectId, mode: auth.mode };
}

function targetOf(request: FastifyRequest, id: string): Target {
  return { owner: ownerOf(request), id, actor: actorOf(request) };
}

function accepted<T>(read: Read<T>): T {
  if (read.kind === 'invalid') throw new Problem('invalid_request', { errors: read.errors });
  return read.value;
}

function problemOf(result: Exclude<CreateResult, { kind: 'created' }>): Problem {
  switch (result.kind) {
    case 'invalid':
      return new Problem('invalid_request', { errors: [{ pointer: result.pointer, message: result.message }] });
    case 'invalid_words':
      return new Problem('invalid_request', { errors: result.errors });
    case 'invalid_recipient':
      return new Problem('invalid_request', {
        errors: [{ pointer: '/to', message: `is no address of ${result.channel}` }],
      });
    case 'forbidden':
      return new Problem('policy_violation', { detail: result.detail });
    case 'no_provider':
      return new Problem('no_provider', { detail: `No provider carries ${result.channel}.` });
  }
}
