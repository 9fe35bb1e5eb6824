import { CompiledQuery } from 'kysely';
import type { Database } from './open.ts';

/**
 * Writes of which none looks at what another one writes, as one statement: Postgres parses and answers once. For SQLite,
 * where a statement is a call and no round trip, they stay as they are. Nulls are left out.
 */
export function together(dialect: Database['dialect'], writes: readonly (CompiledQuery | null)[]): CompiledQuery[] {
  const wanted = writes.filter((write) => write !== null);
  if (dialect === 'sqlite' || wanted.length < 2) return wanted;
  const parameters: unknown[] = [];
  const texts = wanted.map((write) => {
    const before = parameters.length;
    parameters.push(...write.parameters);
    return write.sql.replace(/\$(\d+)/g, (_, number) => `$${before + Number(number)}`);
  });
  const last = texts.pop();
  return [CompiledQuery.raw(`with ${texts.map((text, index) => `w${index} as (${text})`).join()} ${last}`, parameters)];
}
