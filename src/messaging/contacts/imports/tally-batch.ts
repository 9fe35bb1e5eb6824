import type { Saved } from '../merge-drafts.ts';
import type { ReadRow, RowError } from './read-row.ts';

/** What a batch adds to an import's numbers. */
export interface Counts {
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  failed: number;
}

export interface KeptError extends Omit<RowError, 'value'> {
  row: number;
  number: number;
  value: string | null;
}

const REFUSED: Record<NonNullable<Saved['reason']>, string> = {
  exists: 'is there already',
  several_contacts: 'belongs to several contacts',
  other_external_id: 'belongs to a contact with another external id',
  too_many_tags: 'would have too many tags',
};

/** `saved` are those of the rows that are contacts; `rowsBefore` came before the batch. */
export function tallyBatch(
  rowsBefore: number,
  rows: readonly ReadRow[],
  saved: readonly Saved[],
): { counts: Counts; errors: KeptError[] } {
  const counts = { rows: rows.length, created: 0, updated: 0, skipped: 0, failed: 0 };
  const errors: KeptError[] = [];
  let next = 0;
  for (const [index, read] of rows.entries()) {
    const row = rowsBefore + index + 1;
    if (read.kind === 'blank') counts.skipped += 1;
    if (read.kind === 'wrong') {
      counts.failed += 1;
      for (const [number, error] of read.errors.entries()) errors.push({ ...error, row, number });
    }
    if (read.kind !== 'contact') continue;
    const one = saved[next];
    next += 1;
    if (!one) continue;
    if (one.outcome === 'refused') {
      counts.failed += 1;
      errors.push({ row, number: 0, field: 'row', reason: REFUSED[one.reason ?? 'exists'], value: null });
    } else counts[one.outcome] += 1;
  }
  return { counts, errors };
}
