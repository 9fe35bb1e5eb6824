import { parseArgs } from 'node:util';
import { openRunFolder } from '../test/rig/run-folder.ts';
import type { Dialect, EventsContext, EventsOptions } from './events-database.ts';
import { measureDelivered } from './events-delivered.ts';
import { measureExported } from './events-exported.ts';
import { type EventsRow, reportEvents } from './events-report.ts';
import { measureSealed } from './events-sealed.ts';
import { describeMachine } from './report.ts';
import { startStores } from './stores.ts';

/** Events on their way: recorded, sealed, delivered, exported, verified. */
const USAGE = `npm run bench:events -- [options]
  --quick               few events: shows that it works, not how fast
  --only=<text>         only sections whose name contains it: sealed sqlite, sealed postgres, …
  --rows=1000000        of a log that is measured whole
  --rounds=3            counted rounds
`;

type Section = (context: EventsContext, dialect: Dialect) => Promise<EventsRow[]>;

const SECTIONS: Record<string, Section> = {
  sealed: measureSealed,
  delivered: measureDelivered,
  exported: measureExported,
};

async function main(options: EventsOptions, only: string): Promise<void> {
  const runFolder = openRunFolder();
  const rows: EventsRow[] = [];
  try {
    const startedAt = performance.now();
    console.log(`${describeMachine()}\n${options.rounds} rounds; median (min–max)\n`);
    const context = { runFolder: runFolder.path, stores: await startStores(runFolder.path), options };
    try {
      for (const [name, measure] of Object.entries(SECTIONS)) {
        for (const dialect of ['sqlite', 'postgres'] as const) {
          if (!`${name} ${dialect}`.includes(only)) continue;
          process.stderr.write(`${name} ${dialect}\n`);
          rows.push(...(await measure(context, dialect)));
        }
      }
    } finally {
      // What was measured before something went wrong is worth showing.
      console.log(`${reportEvents(rows)}\n\n${Math.round((performance.now() - startedAt) / 1_000)} s`);
    }
  } finally {
    await runFolder.close();
  }
}

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rows: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const { quick, rows = quick ? '20000' : '1000000', rounds = quick ? '1' : '3' } = values;
if (values.help) console.log(USAGE);
else await main({ quick, rows: Number(rows), rounds: Number(rounds) }, values.only);
