import type { Database } from './open.ts';

/**
 * The hash of the address beside the number in a verification's facts, which few have: an index over these few finds
 * them. A query must say both, in these words, to be answered by it.
 */
export const EMAIL_HASH = {
  sqlite: { some: `instr(facts, '"email":{') > 0`, hash: `json_extract(facts, '$.email.hash')` },
  postgres: { some: `strpos(facts, '"email":{') > 0`, hash: `(facts::jsonb #>> '{email,hash}')` },
} as const satisfies Record<Database['dialect'], { some: string; hash: string }>;
