import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { actorOf } from '../../audit/admin-event.ts';
import { createCursors, DEFAULT_LIMIT, pageQuery, toPage } from '../../http/pagination.ts';
import { closed, listOf, TimestampSchema } from '../../http/schemas.ts';
import { type Now, toTimestamp } from '../../lib/clock.ts';
import { Problem } from '../../lib/errors.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { MAX_BYTES, MAX_SECONDS } from './limits.ts';
import type { RecordingLinks } from './recording-links.ts';
import { RECORDING_ID, type RecordingOwner, type RecordingRow, type Recordings } from './recordings.ts';

export interface RecordingRoutesDeps {
  recordings: Recordings;
  links: RecordingLinks;
  keyring: Keyring;
  now: Now;
}

const tags = ['Recordings'];
const read = { scope: 'messages:read' } as const;
const write = { scope: 'messages:send' } as const;
const IdParams = Type.Object({ id: Type.String({ pattern: RECORDING_ID.source }) }, closed);
const LinkParams = Type.Object({ id: IdParams.properties.id, token: Type.String() }, closed);
const WAV = 'audio/wav';

const RecordingSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    format: Type.Enum(['wav', 'mp3'], { description: 'Of the file that was uploaded.' }),
    duration_seconds: Type.Number(),
    created_at: TimestampSchema,
  },
  { ...closed, title: 'Recording' },
);

/** Octets: JSON Schema has no word for them (OpenAPI 3.1 §4.8.14). */
const file = { schema: Type.Unsafe<Buffer>({}) };

export function recordingRoutes(deps: RecordingRoutesDeps): FastifyPluginAsyncTypebox {
  const { recordings, links, now } = deps;
  const cursors = createCursors(deps.keyring, 'recordings');

  return async (app) => {
    await app.register(uploads(deps));

    app.get(
      '/v1/recordings',
      {
        config: read,
        schema: {
          operationId: 'listRecordings',
          tags,
          summary: 'Recordings, newest first',
          querystring: Type.Object(pageQuery, closed),
          response: { 200: listOf(RecordingSchema) },
        },
      },
      async (request) => {
        const { cursor, limit = DEFAULT_LIMIT } = request.query;
        const [at, id] = cursors.decode(cursor) ?? [];
        const before = at === undefined ? null : { at: Number(at), id: String(id) };
        const rows = await recordings.list(ownerOf(request), { before, limit: limit + 1 });
        return toPage(rows, limit, cursors, (row) => [row.created_at, row.id], view);
      },
    );

    app.get(
      '/v1/recordings/:id',
      {
        config: read,
        schema: {
          operationId: 'getRecording',
          tags,
          summary: 'One recording',
          params: IdParams,
          response: { 200: RecordingSchema },
        },
      },
      async (request) => {
        const found = await recordings.find(ownerOf(request), request.params.id);
        if (!found) throw new Problem('not_found');
        return view(found);
      },
    );

    app.get(
      '/v1/recordings/:id/audio',
      {
        config: read,
        schema: {
          operationId: 'getRecordingAudio',
          tags,
          summary: 'A recording as calls play it',
          description: 'WAV, 8 kHz, mono.',
          params: IdParams,
          response: { 200: { description: 'The file.', content: { [WAV]: file } } },
        },
      },
      async (request, reply) => {
        const found = await recordings.find(ownerOf(request), request.params.id);
        const audio = found && (await recordings.audio(found.id));
        if (!audio) throw new Problem('not_found');
        return reply.type(WAV).send(audio);
      },
    );

    app.delete(
      '/v1/recordings/:id',
      {
        config: write,
        schema: {
          operationId: 'deleteRecording',
          tags,
          summary: 'Delete a recording',
          description: 'Messages that wait to play it fail with `invalid_message`.',
          params: IdParams,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        if (!(await recordings.delete(ownerOf(request), id, actorOf(request), now()))) throw new Problem('not_found');
        return reply.code(204).send(null);
      },
    );

    /** For carriers: the link is all that they have, and enough. */
    app.get(
      '/recordings/:id/:token',
      { config: { public: true }, schema: { hide: true, params: LinkParams } },
      async (request, reply) => {
        const { id, token } = request.params;
        const audio = links.isValid(id, token, now()) ? await recordings.audio(id) : null;
        if (!audio) throw new Problem('not_found');
        return reply.type(WAV).send(audio);
      },
    );
  };
}

/** In a context of its own, where a body is taken as it is. */
function uploads({ recordings, now }: RecordingRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

    app.post(
      '/v1/recordings',
      {
        config: { ...write, anyContent: true },
        bodyLimit: MAX_BYTES,
        schema: {
          operationId: 'uploadRecording',
          tags,
          summary: 'Upload a recording that calls can play',
          description:
            `WAV or MP3, told by the content; at most ${MAX_BYTES / 1_000_000} MB and ${MAX_SECONDS} seconds. ` +
            'It is kept as calls play it: 8 kHz, mono. `501` where the program that converts it is not installed.',
          querystring: Type.Object(
            {
              name: Type.String({
                minLength: 1,
                maxLength: 80,
                pattern: '^[^\\p{Cc}]+$',
                default: 'Recording',
                description: 'For people.',
              }),
            },
            closed,
          ),
          body: { content: { [WAV]: file, 'audio/mpeg': file } },
          response: { 201: RecordingSchema },
        },
      },
      async (request, reply) => {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const result = await recordings.add(ownerOf(request), request.query.name, bytes, actorOf(request), now());
        switch (result.kind) {
          case 'refused':
            throw new Problem('invalid_recording', { detail: result.why });
          case 'unavailable':
            throw new Problem('recordings_unavailable', {
              detail: 'Install ffmpeg, or name another program by recordings.transcoder.',
            });
          case 'kept':
            reply.code(201).header('location', `${app.prefix}/v1/recordings/${result.recording.id}`);
            return view(result.recording);
        }
      },
    );
  };
}

function ownerOf({ auth }: FastifyRequest): RecordingOwner {
  return { project: auth.projectId, mode: auth.mode };
}

function view({ id, name, format, duration_ms, created_at }: RecordingRow): Static<typeof RecordingSchema> {
  return {
    ...{ id, name, format: format as 'wav' | 'mp3' },
    duration_seconds: duration_ms / 1_000,
    created_at: toTimestamp(created_at),
  };
}
