import { openDatabase } from '../../src/db/open.ts';
import { createQueue } from '../../src/jobs/queue.ts';

/** Claims, a few at a time, until nothing is due; writes the ids. */
const [, , url = '', now = ''] = process.argv;
const db = await openDatabase(url);
const queue = createQueue(db, 'test', [1]);
for (;;) {
  const jobs = await queue.claim(Number(now), 15_000, 7);
  if (jobs.length === 0) break;
  process.stdout.write(jobs.map(({ id }) => `${id}\n`).join(''));
}
await db.close();
