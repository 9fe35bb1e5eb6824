import type { Kysely } from 'kysely';
import { toCell } from '../../../audit/export/csv.ts';
import type { Schema } from '../../../db/schema.ts';

const PAGE = 1_000;

/** Rows that were not taken, as CSV that is safe to open in a spreadsheet, in pages. */
export async function* importErrors(kysely: Kysely<Schema>, id: string): AsyncGenerator<string, void, undefined> {
  yield 'row,field,reason,value\r\n';
  let after = { row: 0, number: -1 };
  for (;;) {
    const rows = await kysely
      .selectFrom('contact_import_errors')
      .selectAll()
      .where('import_id', '=', id)
      .where((eb) => eb(eb.refTuple('row', 'number'), '>', eb.tuple(after.row, after.number)))
      .orderBy('row')
      .orderBy('number')
      .limit(PAGE)
      .execute();
    const last = rows.at(-1);
    if (!last) return;
    yield rows
      .map(({ row, field, reason, value }) => `${[row, field, reason, value ?? undefined].map(toCell).join()}\r\n`)
      .join('');
    after = last;
  }
}
