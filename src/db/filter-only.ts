import { type RawBuilder, sql } from 'kysely';

/**
 * A text column that no rows are looked up by, as another condition finds few of them. Planners that know nothing of what
 * is in a table would rather read all rows of a project, for the order they are in.
 */
export const filterOnly = (column: string): RawBuilder<string> => sql`${sql.ref(column)} || ''`;
