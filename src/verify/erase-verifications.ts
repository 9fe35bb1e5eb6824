import { type Kysely, sql } from 'kysely';
import { EMAIL_HASH } from '../db/email-hash.ts';
import type { Database } from '../db/open.ts';
import { readPages } from '../db/read-pages.ts';
import { keys, tagOfChallenge } from '../db/redis/keys.ts';
import type { RedisHandle } from '../db/redis.ts';
import type { Schema } from '../db/schema.ts';
import type { Eraser, Subject } from '../lib/subject.ts';
import { cancelVerification } from './cancel.ts';
import type { ChallengeFacts } from './challenge.ts';
import type { VerifyDeps } from './deps.ts';
import type { VerificationRow } from './sql/verification-row.ts';

export interface VerificationEraserDeps {
  db: Database;
  redis: RedisHandle | null;
  verify: VerifyDeps;
}

/** Verifications of a number, and those of an address beside one; open ones are cancelled first. */
export function createVerificationEraser({ db, redis, verify }: VerificationEraserDeps): Eraser {
  async function destroy(rows: readonly VerificationRow[]): Promise<void> {
    const ids = rows.map(({ id }) => id);
    // Remembered for this person: the key is made of the number and of the device's name.
    const devices = rows.flatMap(({ facts }) => (JSON.parse(facts) as ChallengeFacts).client.device_id ?? []);
    if (redis) await Promise.all(ids.map((id) => forget(redis, id)));
    if (devices.length > 0) await db.kysely.deleteFrom('known_devices').where('key', 'in', devices).execute();
    await db.kysely.deleteFrom('verifications').where('id', 'in', ids).execute();
  }

  return {
    name: 'verifications',

    async callOff(erasure, now) {
      for await (const rows of verificationsOf(db, erasure, erasure.until)) {
        for (const { id, project_id: project, mode, status } of rows) {
          if (status === 'pending') await cancelVerification(verify, { project, mode, actor: erasure.actor }, id, now);
        }
      }
    },

    async erase(erasure, claim, now) {
      let count = 0;
      let unfinished = false;
      for await (const rows of verificationsOf(db, erasure, erasure.until)) {
        const ended = rows.filter(({ status, expires_at }) => status !== 'pending' || expires_at <= now);
        unfinished ||= ended.length < rows.length;
        if (ended.length === 0) continue;
        await claim(ended.map(({ id }) => id));
        await destroy(ended);
        count += ended.length;
      }
      return { count, unfinished };
    },
  };
}

/** A person's, oldest first; those created later than `until` are left out. */
export async function* verificationsOf(
  db: Database,
  subject: Subject,
  until: number | null,
): AsyncGenerator<VerificationRow[]> {
  for (const filed of [byNumber(db, subject), byEmail(db, subject)]) {
    const query = until === null ? filed : filed.where('created_at', '<=', until);
    yield* readPages(query);
  }
}

function byNumber({ kysely }: Database, subject: Subject) {
  return ofSubject(kysely, subject).where('recipient_hash', '=', subject.hash);
}

function byEmail({ kysely, dialect }: Database, subject: Subject) {
  const { some, hash } = EMAIL_HASH[dialect];
  return ofSubject(kysely, subject)
    .where(sql<boolean>`${sql.raw(some)}`)
    .where(sql<boolean>`${sql.raw(hash)} = ${subject.hash}`);
}

function ofSubject(kysely: Kysely<Schema>, { project, modes }: Subject) {
  const all = kysely
    .selectFrom('verifications')
    .selectAll()
    .where('mode', 'in', [...modes]);
  return project === null ? all : all.where('project_id', '=', project);
}

async function forget(redis: RedisHandle, id: string): Promise<void> {
  const tag = tagOfChallenge(id);
  await redis.call((client) => client.del(keys.state(tag, id), keys.facts(tag, id)));
  await redis.call((client) => client.zrem(keys.due(tag), id));
}
