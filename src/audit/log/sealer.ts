import { sql } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { rowSetStatement } from '../../db/row-set.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { insertStatement } from '../../db/write-rows.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import { inParts } from '../../lib/in-parts.ts';
import type { AuditEvent } from '../event.ts';
import { fromEventRow } from '../events-table.ts';
import { type Leaf, makeLeaf } from './leaf.ts';
import { completedNodes, createReadHashes } from './tree-nodes.ts';
import { selectWaiting } from './waiting-events.ts';

/**
 * Appends events to the log. Of any number of sealers one works at a time, the one that holds the log's state; leaves,
 * nodes and the new size are one transaction, so whoever dies in it leaves nothing behind.
 */
export interface Sealer {
  /** Seals some of what waits. Null: somebody else is at it. */
  sealPortion(): Promise<number | null>;
  /** Seals all that waits, unless somebody else does. Returns how many. */
  sealAll(): Promise<number>;
}

export interface SealerLog {
  error(details: object, message: string): void;
}

/**
 * Leaves of a portion are made in parts, with the event loop given back in between; on SQLite at once, since nobody else
 * writes until a portion is sealed.
 */
const PORTIONS = { postgres: { size: 500, part: 50 }, sqlite: { size: 150, part: 150 } };

const LEAF = {
  log_index: 'bigint',
  event_id: 'text',
  project_id: 'text',
  mode: 'text',
  type: 'text',
  created_at: 'bigint',
  salt: 'text',
  commitment: 'text',
  hash: 'text',
} as const;
const NODE = { level: 'bigint', number: 'bigint', hash: 'text' } as const;

export function createSealer(db: Database, log?: SealerLog): Sealer {
  const { kysely, dialect } = db;
  const portion = PORTIONS[dialect];
  const anyWaiting = kysely.selectFrom('unsealed_events').select('position').limit(1).compile();
  const state = kysely.selectFrom('audit_state').select('size').where('id', '=', 1);
  const lockState = (dialect === 'postgres' ? forUpdate(dialect, state).skipLocked() : state).compile();
  const waiting = selectWaiting(db, portion.size);
  const insertLeaves = insertStatement(db, 'audit_leaves', LEAF);
  const insertNodes = insertStatement(db, 'audit_nodes', NODE);
  const takeOff = rowSetStatement(
    db,
    { position: 'bigint' },
    (rows) => sql`delete from unsealed_events where position in (select position from ${rows})`,
  );
  const unreadable = new Set<number>();

  /** One that has no leaf stays on the list, for the metric to tell of, and holds up no other. */
  function readEvent(row: Parameters<typeof fromEventRow>[0]): { position: number; event: AuditEvent; leaf: Leaf }[] {
    try {
      const event = fromEventRow(row);
      return [{ position: row.position, event, leaf: makeLeaf(event) }];
    } catch (error) {
      if (!unreadable.has(row.position)) log?.error({ err: error, event: row.id }, 'an event cannot be sealed');
      unreadable.add(row.position);
      return [];
    }
  }

  function sealWaiting(): Promise<number | null> {
    return batchTransaction(db, {}, async (batch) => {
      const [[held]] = await batch.run(lockState);
      if (!held) return null;
      const { size } = held;
      const [rows] = await batch.run(waiting);
      const found = (await inParts(rows, readEvent, portion.part)).flat();
      if (found.length === 0) return 0;
      const read = createReadHashes(db, async (query) => (await batch.run(query))[0]);
      const hashes = found.map(({ leaf }) => leaf.hash);
      const nodes = await completedNodes(read, size, hashes);
      await batch.commit(
        insertLeaves(
          found.map(({ event, leaf }, index) => ({
            log_index: size + index,
            event_id: event.id,
            project_id: event.project,
            mode: event.mode,
            type: event.type,
            created_at: event.at,
            salt: leaf.salt?.toString('base64url') ?? null,
            commitment: leaf.commitment?.toString('base64url') ?? null,
            hash: leaf.hash.toString('base64url'),
          })),
        ),
        insertNodes(nodes.map(({ hash, ...place }) => ({ ...place, hash: hash.toString('base64url') }))),
        takeOff(found.map(({ position }) => ({ position }))),
        kysely
          .updateTable('audit_state')
          .set({ size: size + found.length })
          .where('id', '=', 1)
          .compile(),
      );
      return found.length;
    });
  }

  /** Nobody lists an event twice but by hand; its leaf cannot be made again. False: that was not it. */
  async function takeOffSealed(): Promise<boolean> {
    const sealed = kysely
      .selectFrom('events')
      .innerJoin('audit_leaves', 'audit_leaves.event_id', 'events.id')
      .innerJoin('unsealed_events', 'unsealed_events.position', 'events.position')
      .select('events.position');
    const taken = await kysely.deleteFrom('unsealed_events').where('position', 'in', sealed).returningAll().execute();
    if (taken.length > 0) log?.error({ positions: taken.length }, 'events were to be sealed that have been already');
    return taken.length > 0;
  }

  async function sealPortion(): Promise<number | null> {
    // Most looks find nothing: they lock nothing either.
    const { rows } = await kysely.executeQuery(anyWaiting);
    if (rows.length === 0) return 0;
    try {
      return await sealWaiting();
    } catch (error) {
      if (error instanceof StoreUnavailable || !(await takeOffSealed())) throw error;
      return sealWaiting();
    }
  }

  return {
    sealPortion,
    async sealAll() {
      for (let total = 0; ; ) {
        const sealed = (await sealPortion()) ?? 0;
        total += sealed;
        if (sealed === 0) return total;
      }
    },
  };
}
