import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import type { EventType } from '../../audit/event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Owner, VersionStatus } from './template.ts';
import { findVersion, type NewestRow, type VersionRow } from './templates.ts';

export type Step = { kind: 'submit' } | { kind: 'approve' } | { kind: 'reject'; reason: string };

export type Reviewed =
  | { kind: 'done'; row: NewestRow }
  | { kind: 'not_found' }
  | { kind: 'wrong_state'; status: VersionStatus }
  /** Four eyes: nobody approves what he wrote or handed in. */
  | { kind: 'own' };

/** What was approved can be taken back; what was rejected is mended in a new version. */
const FROM: Record<Step['kind'], readonly VersionStatus[]> = {
  submit: ['draft'],
  approve: ['submitted'],
  reject: ['submitted', 'approved'],
};
const EVENTS = {
  submit: 'template.submitted',
  approve: 'template.approved',
  reject: 'template.rejected',
} as const satisfies Record<Step['kind'], EventType>;

/** One step of a version's review. */
export function reviewVersion(
  db: Database,
  owner: Owner,
  { id, version }: { id: string; version: number },
  step: Step,
  actor: Actor,
  now: number,
): Promise<Reviewed> {
  return writeTransaction(db, { durable: true }, async (trx): Promise<Reviewed> => {
    const lock = trx
      .selectFrom('template_versions')
      .selectAll()
      .where('template_id', '=', id)
      .where('version', '=', version);
    await forUpdate(db.dialect, lock).execute();
    const found = await findVersion(trx, owner, id, version);
    if (!found || found.template.archived_at !== null) return { kind: 'not_found' };
    const before = found.version;
    // Done already, by the same key: the answer to a repeated request.
    if (isRepeated(before, step, actor)) return { kind: 'done', row: found };
    if (!FROM[step.kind].includes(before.status)) return { kind: 'wrong_state', status: before.status };
    if (step.kind === 'approve' && [before.author, before.submitted_by].includes(actor.id)) return { kind: 'own' };
    const change = changeOf(step, actor, now);
    await trx
      .updateTable('template_versions')
      .set(change)
      .where('template_id', '=', id)
      .where('version', '=', version)
      .execute();
    const data = {
      ...{ template_id: id, version, status_before: before.status },
      ...(step.kind === 'reject' && { reason: step.reason }),
    };
    await insertEvents(trx, [adminEvent(EVENTS[step.kind], owner.project, actor, now, data)]);
    return { kind: 'done', row: { ...found, version: { ...before, ...change } } };
  });
}

function isRepeated({ status, submitted_by, reviewed_by, reason }: VersionRow, step: Step, { id }: Actor): boolean {
  if (step.kind === 'submit') return status === 'submitted' && submitted_by === id;
  if (reviewed_by !== id) return false;
  return step.kind === 'approve' ? status === 'approved' : status === 'rejected' && reason === step.reason;
}

function changeOf(step: Step, { id }: Actor, now: number) {
  if (step.kind === 'submit') return { status: 'submitted', submitted_by: id, submitted_at: now } as const;
  const reviewed = { reviewed_by: id, reviewed_at: now };
  if (step.kind === 'approve') return { status: 'approved', ...reviewed, reason: null } as const;
  return { status: 'rejected', ...reviewed, reason: step.reason } as const;
}
