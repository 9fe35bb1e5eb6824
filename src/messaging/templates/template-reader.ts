import type { Database } from '../../db/open.ts';
import { createProjectCache } from '../../db/project-cache.ts';
import type { Now } from '../../lib/clock.ts';
import { type CompiledTemplate, compileTemplate } from './compile-template.ts';
import type { Owner, TemplateContent, VersionStatus } from './template.ts';

/** A version that messages can be made of. */
export interface ReadyTemplate {
  id: string;
  version: number;
  status: VersionStatus;
  compiled: CompiledTemplate;
}

/** Versions as messages and campaigns use them: from memory, their review at most five seconds old. */
export interface TemplateReader {
  /**
   * Without a version: the newest approved one, or as long as none is approved the newest. With one also of a template
   * that was deleted since: what pinned it goes on. Null when there is none.
   */
  find(owner: Owner, id: string, version: number | null): Promise<ReadyTemplate | null>;
  /** After a change through this instance. */
  forget(owner: Owner, id: string, version: number | null): void;
}

/** Stale answers end: an approval that was taken back must not go on for as long as the database is away. */
const STALE_MS = 60_000;

export function createTemplateReader({ db, now }: { db: Database; now: Now }): TemplateReader {
  const cache = createProjectCache({ load: (key) => load(db, key), now, staleMs: STALE_MS, size: 2_000 });
  return {
    find: (owner, id, version) => cache.get(keyOf(owner, id, version)),
    forget(owner, id, version) {
      cache.forget(keyOf(owner, id, null));
      if (version !== null) cache.forget(keyOf(owner, id, version));
    },
  };
}

const keyOf = ({ project, mode }: Owner, id: string, version: number | null) =>
  `${project} ${mode} ${id} ${version ?? ''}`;

async function load({ kysely }: Database, key: string): Promise<ReadyTemplate | null> {
  const [project = '', mode = '', id = '', version = ''] = key.split(' ');
  const all = kysely
    .selectFrom('templates as t')
    .innerJoin('template_versions as v', 'v.template_id', 't.id')
    .select(['v.version', 'v.status', 'v.content'])
    .where('t.id', '=', id)
    .where('t.project_id', '=', project)
    .where('t.mode', '=', mode as Owner['mode']);
  const wanted =
    version === ''
      ? all
          .where('t.archived_at', 'is', null)
          .orderBy((eb) => eb.case().when('v.status', '=', 'approved').then(0).else(1).end())
          .orderBy('v.version', 'desc')
          .limit(1)
      : all.where('v.version', '=', Number(version));
  const row = await wanted.executeTakeFirst();
  if (!row) return null;
  const result = compileTemplate(JSON.parse(row.content) as TemplateContent);
  // It compiled when it was written; after an upgrade that is stricter it is one that nobody can use.
  return result.kind === 'ok' ? { id, version: row.version, status: row.status, compiled: result.compiled } : null;
}
