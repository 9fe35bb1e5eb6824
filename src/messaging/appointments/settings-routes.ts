import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import type { Database } from '../../db/open.ts';
import { closed } from '../../http/schemas.ts';
import type { Now } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import { normalizeReply } from '../consent/keywords/normalize-reply.ts';
import { readReply } from '../consent/keywords/read-reply.ts';
import { ANSWERS, type Answer } from './appointment.ts';
import { type AppointmentSettings, readSettings, saveSettings } from './settings.ts';

const WordsSchema = Type.Array(Type.String({ minLength: 1, maxLength: 40, pattern: '^[^\\p{Cc}]+$' }), {
  maxItems: 20,
});
const AnswerSchema = Type.Optional(
  Type.Union([Type.String({ minLength: 1, maxLength: 480, pattern: '^[^\\p{Cc}]+$' }), Type.Null()]),
);

const SettingsSchema = Type.Object(
  {
    words: Type.Object(
      { confirm: WordsSchema, cancel: WordsSchema, reschedule: WordsSchema },
      { ...closed, description: 'Replies that mean these, besides 1, 2, 3 and the words of the person’s languages.' },
    ),
    answers: Type.Object(
      { confirm: AnswerSchema, cancel: AnswerSchema, reschedule: AnswerSchema },
      {
        ...closed,
        description:
          'What is said to each, with `{date}` and `{time}`; missing: ours, in the person’s language; null: nothing.',
      },
    ),
  },
  { ...closed, title: 'AppointmentSettings' },
);

const tags = ['Appointments'];

export function appointmentSettingsRoutes({ db, now }: { db: Database; now: Now }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/v1/appointments/settings',
      {
        config: { scope: 'messages:read' },
        schema: {
          operationId: 'getAppointmentSettings',
          tags,
          summary: 'How answers to reminders are taken',
          response: { 200: SettingsSchema },
        },
      },
      async (request) => view(await readSettings(db.kysely, ownerOf(request))),
    );

    app.put(
      '/v1/appointments/settings',
      {
        config: { scope: 'settings:write' },
        schema: {
          operationId: 'putAppointmentSettings',
          tags,
          summary: 'Change how answers to reminders are taken',
          description: 'From now on, for the mode of the key.',
          body: SettingsSchema,
          response: { 200: SettingsSchema },
        },
      },
      async (request) => {
        const { words, answers } = request.body;
        checkWords(words);
        await saveSettings(db, ownerOf(request), { words, answers }, actorOf(request), now());
        return request.body;
      },
    );
  };
}

/** One that means two things means nothing, and STOP is the person’s for good. */
function checkWords(words: AppointmentSettings['words']): void {
  const seen = new Map<string, Answer>();
  for (const answer of ANSWERS) {
    for (const [index, word] of words[answer].entries()) {
      const spelling = normalizeReply(word);
      const before = seen.get(spelling) ?? answer;
      const problem =
        spelling === ''
          ? 'has no letter'
          : before !== answer
            ? `means ${before} already`
            : readReply(word, null)?.kind === 'help' || spelling === 'stop'
              ? 'means something else everywhere'
              : null;
      if (problem) {
        const pointer = `/words/${answer}/${index}`;
        throw new Problem('invalid_request', { errors: [{ pointer, message: problem }] });
      }
      seen.set(spelling, answer);
    }
  }
}

function view({ words, answers }: AppointmentSettings): Static<typeof SettingsSchema> {
  const { confirm, cancel, reschedule } = words;
  const lists = { confirm: [...confirm], cancel: [...cancel], reschedule: [...reschedule] };
  return { words: lists, answers };
}

function ownerOf({ auth }: FastifyRequest) {
  return { project: auth.projectId, mode: auth.mode };
}
