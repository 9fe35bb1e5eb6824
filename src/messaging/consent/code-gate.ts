import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { MessageGate } from '../../delivery/messages/gate.ts';
import type { Now } from '../../lib/clock.ts';

export interface CodeGate {
  gate: MessageGate;
  /** There is a refusal now that reaches codes. */
  expect(): void;
}

/** So late another process may hear of the first refusal of codes there is. */
const FRESH_MS = 5_000;
/** A code does not wait longer for an answer: the carrier refuses it as well. */
const PATIENCE_MS = 300;

/**
 * Codes are kept from a recipient by carriers only, and seldom. Where nobody is, nothing is asked; and while the database
 * is away, every sender is tried.
 */
export function createCodeGate({ kysely }: Database, gate: MessageGate, now: Now): CodeGate {
  let isAny = true;
  let askedAt = -Infinity;
  let expected = 0;

  /** Goes on beside the code that brought it about. */
  async function look(): Promise<void> {
    askedAt = now();
    const before = expected;
    const asked = sql`select 1 from suppressions where purpose = 'all' order by created_at limit 1`.execute(kysely);
    const found = await asked.then(({ rows }) => rows.length > 0).catch(() => true);
    // What has come meanwhile was not there to be seen.
    if (expected === before) isAny = found;
  }

  return {
    async gate(questions) {
      const open = questions.map(() => null);
      if (now() - askedAt >= FRESH_MS) void look();
      if (!isAny) return open;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<null[]>((resolve) => {
        timer = setTimeout(resolve, PATIENCE_MS, open);
      });
      try {
        return await Promise.race([gate(questions), late]);
      } catch {
        return open;
      } finally {
        clearTimeout(timer);
      }
    },
    expect() {
      expected += 1;
      isAny = true;
      askedAt = now();
    },
  };
}
