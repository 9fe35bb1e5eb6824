import type { Kysely } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Mode } from '../event.ts';
import { viewEvent } from '../event-view.ts';
import { fromEventRow } from '../events-table.ts';
import { splitPersonal } from '../personal.ts';
import { newestCheckpoint } from './checkpoints.ts';
import { leafText } from './leaf.ts';
import { createTree, type Tree } from './tree.ts';
import { createReadHashes } from './tree-nodes.ts';

/** That an event is in the log, for whoever has the checkpoint from elsewhere too. */
export interface EventProof {
  logIndex: number;
  leaf: ProvenLeaf;
  /** RFC 9162 §2.1.3, base64url. */
  hashes: string[];
  /** The note that they lead to. */
  checkpoint: string;
}

export interface ProvenLeaf {
  /** What the hash is of; null when the event was deleted, as its retention says. */
  text: string | null;
  hash: string;
  /** What the commitment in the text is to, with its salt; null when there is none, or it was erased. */
  personal: { text: string; salt: string } | null;
}

export interface EventPlace {
  id: string;
  project: string;
  mode: Mode;
}

export async function proveEvent(
  db: Database,
  place: EventPlace,
): Promise<EventProof | 'not_found' | 'not_sealed_yet'> {
  const leaf = await db.kysely
    .selectFrom('audit_leaves')
    .selectAll()
    .where('event_id', '=', place.id)
    .where('project_id', '=', place.project)
    .where('mode', '=', place.mode)
    .executeTakeFirst();
  const event = await findEvent(db.kysely, place);
  if (!leaf) return event ? 'not_sealed_yet' : 'not_found';
  const checkpoint = await newestCheckpoint(db.kysely);
  if (!checkpoint || checkpoint.size <= leaf.log_index) return 'not_sealed_yet';
  const { open, personal } = event ? splitPersonal(viewEvent(fromEventRow(event))) : { open: null, personal: null };
  const commitment = leaf.commitment === null ? null : Buffer.from(leaf.commitment, 'base64url');
  const hashes = await treeOf(db, checkpoint.size).inclusion(leaf.log_index, checkpoint.size);
  return {
    logIndex: leaf.log_index,
    leaf: {
      text: open && leafText(open, commitment),
      hash: leaf.hash,
      personal: personal && leaf.salt !== null ? { text: canonicalJson(personal), salt: leaf.salt } : null,
    },
    hashes: hashes.map(encode),
    checkpoint: checkpoint.note,
  };
}

/** RFC 9162 §2.1.4, base64url; null when no checkpoint reaches so far. */
export async function proveConsistency(
  db: Database,
  from: number,
  to: number | undefined,
): Promise<{ from: number; to: number; hashes: string[] } | null> {
  const size = (await newestCheckpoint(db.kysely))?.size ?? 0;
  const end = to ?? size;
  if (from > end || end > size) return null;
  return { from, to: end, hashes: (await treeOf(db, size).consistency(from, end)).map(encode) };
}

function findEvent(db: Kysely<Schema>, { id, project, mode }: EventPlace) {
  const own = db.selectFrom('events').selectAll().where('project_id', '=', project).where('mode', '=', mode);
  return own.where('id', '=', id).executeTakeFirst();
}

function treeOf(db: Database, size: number): Tree {
  const read = createReadHashes(db, async (query) => (await db.kysely.executeQuery(query)).rows);
  return createTree(read, size);
}

const encode = (hash: Buffer) => hash.toString('base64url');
