import type { Compilable, CompiledQuery } from 'kysely';

/** Stands for the value that a column of a row has in each call. */
class Hole {
  readonly row: number;
  readonly column: string;
  constructor(row: number, column: string) {
    this.row = row;
    this.column = column;
  }
}

/**
 * A query over rows of values that is built and compiled once for each number of rows (which costs more than running
 * it on SQLite) and then only filled in. `build` sees stand-ins for the values. Every row has the same columns.
 * With no rows there is nothing to do: null.
 */
export function rowsStatement<Row extends object, R>(
  build: (rows: readonly Row[]) => Compilable<R>,
): (rows: readonly Row[]) => CompiledQuery<R> | null {
  const compiled = new Map<number, CompiledQuery<R>>();
  return (rows) => {
    if (rows.length === 0) return null;
    const query = compiled.get(rows.length) ?? build(rows.map(standIn)).compile();
    compiled.set(rows.length, query);
    const values = rows as readonly Record<string, unknown>[];
    const parameters = query.parameters.map((value) =>
      value instanceof Hole ? values[value.row]?.[value.column] : value,
    );
    return { ...query, parameters };
  };
}

/** As rowsStatement, for exactly one row. */
export function statement<Row extends object, R>(build: (row: Row) => Compilable<R>): (row: Row) => CompiledQuery<R> {
  const fill = rowsStatement<Row, R>((rows) => build(rows[0] as Row));
  return (row) => fill([row]) as CompiledQuery<R>;
}

function standIn<Row extends object>(row: Row, index: number): Row {
  return Object.fromEntries(Object.keys(row).map((column) => [column, new Hole(index, column)])) as Row;
}
