import type { Kysely, Selectable } from 'kysely';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { RecordingTable } from '../../db/schema/recordings.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { newId } from '../../lib/ids.ts';
import { SAMPLE_RATE } from '../rtp/g711.ts';
import { createLimit } from '../speech/limit.ts';
import { readWav } from '../speech/read-wav.ts';
import { writeWav } from '../speech/write-wav.ts';
import { inspectAudio } from './inspect-audio.ts';
import { MAX_RECORDINGS, MAX_SECONDS, MIN_MS } from './limits.ts';
import { transcode } from './transcode.ts';

export const RECORDING_ID = /^rec_[0-9a-hjkmnp-tv-z]{26}$/;

/** Without its sound. */
export type RecordingRow = Omit<Selectable<RecordingTable>, 'audio'>;

/** Whose: a key has those of its own project and mode. */
export interface RecordingOwner {
  project: string;
  mode: 'live' | 'test';
}

export type Uploaded =
  | { kind: 'kept'; recording: RecordingRow }
  /** `why`: for whoever sent it. */
  | { kind: 'refused'; why: string }
  | { kind: 'unavailable' };

/** Recordings, kept in the database: every instance has them, and so has its backup. They never change. */
export interface Recordings {
  add(owner: RecordingOwner, name: string, file: Buffer, actor: Actor, now: number): Promise<Uploaded>;
  find(owner: RecordingOwner, id: string): Promise<RecordingRow | null>;
  /** Newest first. */
  list(
    owner: RecordingOwner,
    page: { before: { at: number; id: string } | null; limit: number },
  ): Promise<RecordingRow[]>;
  /** False when there was none. */
  delete(owner: RecordingOwner, id: string, actor: Actor, now: number): Promise<boolean>;
  /** The WAV file, whoever owns it. */
  audio(id: string): Promise<Buffer | null>;
  samples(id: string): Promise<Int16Array | null>;
}

/** Programs at a time: calls that are going on need the CPU too. */
const CONCURRENCY = 2;
const COLUMNS = ['id', 'project_id', 'mode', 'name', 'format', 'duration_ms', 'actor', 'created_at'] as const;

export function createRecordings(db: Database, transcoder: readonly string[]): Recordings {
  const { kysely } = db;
  const limit = createLimit(CONCURRENCY);

  async function audio(id: string): Promise<Buffer | null> {
    const row = await kysely.selectFrom('recordings').select('audio').where('id', '=', id).executeTakeFirst();
    return row ? Buffer.from(row.audio) : null;
  }

  return {
    async add(owner, name, file, actor, now) {
      const found = inspectAudio(file);
      if (found.kind === 'refused') return found;
      const { format, durationMs } = found;
      if (durationMs < MIN_MS) return { kind: 'refused', why: 'There is next to nothing in it.' };
      if (durationMs > MAX_SECONDS * 1_000)
        return { kind: 'refused', why: `It is longer than ${MAX_SECONDS} seconds.` };
      const made = await limit(() => transcode(transcoder, file, found));
      if (made.kind === 'missing') return { kind: 'unavailable' };
      if (made.kind === 'damaged') return { kind: 'refused', why: 'It is damaged: it cannot be played whole.' };
      const recording: RecordingRow = {
        id: newId('rec'),
        project_id: owner.project,
        mode: owner.mode,
        name,
        format,
        duration_ms: Math.round((made.samples.length * 1_000) / SAMPLE_RATE),
        actor: actor.id,
        created_at: now,
      };
      const sound = writeWav(made.samples, SAMPLE_RATE);
      const isKept = await writeTransaction(db, { durable: true }, async (trx) => {
        if ((await count(trx, owner)) >= MAX_RECORDINGS) return false;
        await trx
          .insertInto('recordings')
          .values({ ...recording, audio: sound })
          .execute();
        const data = { recording_id: recording.id, name, duration_ms: recording.duration_ms };
        await insertEvents(trx, [adminEvent('recording.created', owner.project, actor, now, data)]);
        return true;
      });
      if (!isKept) return { kind: 'refused', why: `There are ${MAX_RECORDINGS} recordings already: delete one.` };
      return { kind: 'kept', recording };
    },

    async find(owner, id) {
      return (await ownedBy(kysely, owner).where('id', '=', id).executeTakeFirst()) ?? null;
    },

    list(owner, { before, limit }) {
      let query = ownedBy(kysely, owner);
      if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
      return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    },

    delete(owner, id, actor, now) {
      return writeTransaction(db, { durable: true }, async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('recordings')
          .where('id', '=', id)
          .where('project_id', '=', owner.project)
          .where('mode', '=', owner.mode)
          .executeTakeFirst();
        if (numDeletedRows === 0n) return false;
        const data = { recording_id: id };
        await insertEvents(trx, [adminEvent('recording.deleted', owner.project, actor, now, data)]);
        return true;
      });
    },

    audio,
    async samples(id) {
      const wav = await audio(id);
      return wav && (readWav(wav)?.samples ?? null);
    },
  };
}

function ownedBy(kysely: Kysely<Schema>, { project, mode }: RecordingOwner) {
  return kysely.selectFrom('recordings').select(COLUMNS).where('project_id', '=', project).where('mode', '=', mode);
}

async function count(kysely: Kysely<Schema>, { project, mode }: RecordingOwner): Promise<number> {
  const { count } = await kysely
    .selectFrom('recordings')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .executeTakeFirstOrThrow();
  return Number(count);
}
