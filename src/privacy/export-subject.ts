import type { Collect, Subject } from '../lib/subject.ts';

/**
 * Everything kept of a person, one JSON object a line. Read while it is sent, in pages, so that it takes no memory. The
 * last line says how many of each kind there were: a copy without it is not whole.
 */
export async function* exportSubject(collectors: readonly Collect[], subject: Subject): AsyncGenerator<string> {
  const counts: Record<string, number> = {};
  for (const collect of collectors) {
    for await (const { kind, record } of collect(subject)) {
      counts[kind] = (counts[kind] ?? 0) + 1;
      yield `${JSON.stringify({ kind, record })}\n`;
    }
  }
  yield `${JSON.stringify({ kind: 'end', record: counts })}\n`;
}
