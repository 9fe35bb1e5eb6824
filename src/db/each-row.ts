export type SqlValue = string | number | null;

/**
 * Takes the place of a statement's parameters: SQLite runs it for each of these rows, and all that it answers is one
 * answer. Rows that travel as JSON cost it twice as much.
 */
export class EachRow {
  readonly rows: readonly (readonly SqlValue[])[];
  constructor(rows: readonly (readonly SqlValue[])[]) {
    this.rows = rows;
  }
}

export function eachRowOf(parameters: readonly unknown[]): EachRow | null {
  const [only] = parameters;
  return only instanceof EachRow ? only : null;
}
