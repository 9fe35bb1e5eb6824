import type { Database } from '../../db/open.ts';
import { createProjectCache } from '../../db/project-cache.ts';
import type { Now } from '../../lib/clock.ts';
import type { Mode } from '../../lib/mode.ts';
import type { Owner } from '../contacts/contact.ts';
import { type ProjectRules, readSendingRules } from './sending-rules.ts';

const FRESH_MS = 1_000;

/** A project's rules as they were within the last second. */
export function createRulesCache(db: Database, now: Now): (owner: Owner) => Promise<ProjectRules> {
  const rules = createProjectCache<ProjectRules>({
    load: (key) => {
      const [mode, project = ''] = key.split(' ');
      return readSendingRules(db.kysely, { project, mode: mode as Mode });
    },
    freshMs: FRESH_MS,
    now,
  });
  return ({ project, mode }) => rules.get(`${mode} ${project}`);
}
