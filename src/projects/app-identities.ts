import type { Mode } from '../audit/event.ts';
import type { Database } from '../db/open.ts';
import { createProjectCache } from '../db/project-cache.ts';
import type { Now } from '../lib/clock.ts';
import { listAndroidApps, listOrigins } from './app-identities-table.ts';

/** Whom a code may be bound to: pages and apps that read it by themselves. */
export interface AppIdentities {
  /**
   * Whether a project may name these; at most five seconds old. Fails closed: throws StoreUnavailable when that cannot
   * be known and was not known in the last five minutes.
   */
  refusalOf(who: { project: string; mode: Mode }, named: NamedIdentities): Promise<IdentityRefusal | null>;
  /** After a change through this instance. */
  forget(project: string): void;
}

export interface NamedIdentities {
  origin?: string;
  androidAppHash?: string;
}

export type IdentityRefusal = 'origin_not_verified' | 'app_not_registered';

export interface AppIdentitiesDeps {
  db: Database;
  now: Now;
  /** Whether the messages of a mode reach the sandbox only: nothing leaves, so anything may be named. */
  isSandboxed(mode: Mode): boolean;
}

const STALE_MS = 300_000;

export function createAppIdentities({ db, now, isSandboxed }: AppIdentitiesDeps): AppIdentities {
  const cache = createProjectCache({ load: (project) => load(db, project), now, staleMs: STALE_MS });

  return {
    async refusalOf({ project, mode }, { origin, androidAppHash }) {
      if ((origin === undefined && androidAppHash === undefined) || isSandboxed(mode)) return null;
      const { origins, apps } = await cache.get(project);
      if (origin !== undefined && !origins.has(origin)) return 'origin_not_verified';
      if (androidAppHash !== undefined && !apps.has(androidAppHash)) return 'app_not_registered';
      return null;
    },
    forget: cache.forget,
  };
}

async function load(db: Database, project: string): Promise<Record<'origins' | 'apps', ReadonlySet<string>>> {
  const origins = await listOrigins(db.kysely, project);
  const apps = await listAndroidApps(db.kysely, project);
  return {
    origins: new Set(origins.filter(({ verifiedAt }) => verifiedAt !== null).map(({ host }) => host)),
    apps: new Set(apps.map(({ hash }) => hash)),
  };
}
