import { type Selectable, sql } from 'kysely';
import { amongUnlocked } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { rowSet } from '../../db/row-set.ts';
import type { WebhookCursorTable } from '../../db/schema/webhooks.ts';

export type Cursor = Selectable<WebhookCursorTable>;

/** What is new in the log, for the endpoints of one project and mode. */
export interface News {
  project: string;
  mode: Cursor['mode'];
  /** The newest index of each type. */
  newest: Map<string, number>;
}

/** An endpoint of a project that has news. */
export type Candidate = Pick<
  Cursor,
  'endpoint_id' | 'project_id' | 'mode' | 'next' | 'leased_until' | 'rests_until'
> & {
  /** JSON. */
  events: string;
};

/** A lease that is longer than can be, though clocks differ a little, is of a clock that was set back. */
export function isFree({ leased_until }: Pick<Cursor, 'leased_until'>, now: number, leaseMs: number): boolean {
  return leased_until <= now || leased_until > now + 2 * leaseMs;
}

/** How a process gets hold of endpoints: for the length of a lease they are its own. */
export function createClaims({ kysely, dialect }: Database) {
  async function claim(where: ReturnType<typeof amongUnlocked>, now: number, leaseMs: number): Promise<Cursor[]> {
    const until = now + leaseMs;
    return kysely
      .updateTable('webhook_cursors')
      .set((eb) => ({ claim: eb('claim', '+', 1), leased_until: until, due_at: until }))
      .where(where)
      .returningAll()
      .execute();
  }

  /** As isFree. */
  const free = (now: number, leaseMs: number) =>
    kysely
      .selectFrom('webhook_cursors')
      .select('endpoint_id')
      .where((eb) => eb.or([eb('leased_until', '<=', now), eb('leased_until', '>', now + 2 * leaseMs)]));

  return {
    /** Those with a retry that is due, at the end of a rest, or left behind by a process that died. */
    due: (now: number, leaseMs: number, max: number) =>
      claim(
        amongUnlocked(
          dialect,
          'endpoint_id',
          free(now, leaseMs).where('due_at', '<=', now).orderBy('due_at').limit(max),
        ),
        now,
        leaseMs,
      ),

    /** Leases that are longer than can be, as the clock was set back: they would be due when it is where it was. */
    outlasting: (now: number, leaseMs: number, max: number) =>
      claim(
        amongUnlocked(
          dialect,
          'endpoint_id',
          kysely
            .selectFrom('webhook_cursors')
            .select('endpoint_id')
            .where('leased_until', '>', now + 2 * leaseMs)
            .limit(max),
        ),
        now,
        leaseMs,
      ),

    of: (endpoints: readonly string[], now: number, leaseMs: number) =>
      claim(
        amongUnlocked(
          dialect,
          'endpoint_id',
          free(now, leaseMs).where('rests_until', '<=', now).where('endpoint_id', 'in', endpoints),
        ),
        now,
        leaseMs,
      ),

    /** Gives one back that is not to be looked at before. */
    async rest({ endpoint_id, claim: held }: Cursor, until: number): Promise<void> {
      await kysely
        .updateTable('webhook_cursors')
        .set({ leased_until: 0, rests_until: until, due_at: until })
        .where('endpoint_id', '=', endpoint_id)
        .where('claim', '=', held)
        .execute();
    },

    /** What was appended to the log from one index up to another. */
    async news(from: number, before: number): Promise<News[]> {
      const rows = await kysely
        .selectFrom('audit_leaves')
        .select(['project_id', 'mode', 'type', (eb) => eb.fn.max('log_index').as('newest')])
        .where('log_index', '>=', from)
        .where('log_index', '<', before)
        .groupBy(['project_id', 'mode', 'type'])
        .execute();
      return [...Map.groupBy(rows, ({ project_id, mode }) => `${mode} ${project_id}`).values()].flatMap((types) => {
        const [{ project_id: project, mode } = {}] = types;
        if (project === undefined || mode === undefined) return [];
        return { project, mode: mode as Cursor['mode'], newest: new Map(types.map((row) => [row.type, row.newest])) };
      });
    },

    /** Every project and mode with endpoints that wait for something before this index. */
    async behind(before: number): Promise<Pick<News, 'project' | 'mode'>[]> {
      const waits = sql<boolean>`exists (
        select 1 from audit_leaves as leaf
        where leaf.project_id = webhook_cursors.project_id and leaf.mode = webhook_cursors.mode
          and leaf.log_index >= webhook_cursors.next and leaf.log_index < ${before}
      )`;
      const rows = await kysely
        .selectFrom('webhook_cursors')
        .select(['project_id', 'mode'])
        .distinct()
        .where(waits)
        .execute();
      return rows.map(({ project_id, mode }) => ({ project: project_id, mode }));
    },

    async candidates(projects: readonly Pick<News, 'project' | 'mode'>[]): Promise<Candidate[]> {
      if (projects.length === 0) return [];
      const wanted = rowSet(
        dialect,
        { project: 'text', mode: 'text' },
        projects.map(({ project, mode }) => ({ project, mode })),
      );
      const { rows } = await sql<Candidate>`
        select c.endpoint_id, c.project_id, c.mode, c.next, c.leased_until, c.rests_until, e.events
        from ${wanted} join webhook_cursors c on c.project_id = r.project and c.mode = r.mode
        join webhook_endpoints e on e.id = c.endpoint_id
      `.execute(kysely);
      return rows;
    },
  };
}

export type Claims = ReturnType<typeof createClaims>;
