import { setImmediate as nextTurn } from 'node:timers/promises';
import { createCheckpointer } from '../../../src/audit/log/checkpoints.ts';
import { createSealer } from '../../../src/audit/log/sealer.ts';
import { type Database, openDatabase } from '../../../src/db/open.ts';
import { createKeyring } from '../../../src/lib/keyring.ts';
import { insertSome } from './insert-some-events.ts';

/**
 * Writes some thousand events, seals them and signs the log as fast as it can, to be killed; or to die at the worst moments of
 * sealing: everything written but not committed, or committed but not known.
 */
const [url = '', secret = '', end] = process.argv.slice(2);
const opened = await openDatabase(url);
const die = () => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise<never>(() => {});
};
const db: Database =
  end === 'when asked'
    ? opened
    : {
        ...opened,
        batch: (options, work) =>
          opened.batch(options, (batch) =>
            work({
              ...batch,
              async commit(...queries) {
                if (end === 'uncommitted') await batch.run(...queries);
                else await batch.commit(...queries);
                await die();
              },
            }),
          ),
      };
const sealer = createSealer(db);
const checkpointer = createCheckpointer(db, createKeyring([Buffer.from(secret, 'base64')]), 0.02);

async function write(): Promise<void> {
  for (let portions = 0; portions < 50; portions += 1) {
    await insertSome(opened, 1 + Math.floor(Math.random() * 60));
    await nextTurn();
  }
}

async function keepLog(): Promise<void> {
  for (;;) {
    await sealer.sealPortion();
    await checkpointer.signIfDue(Date.now());
    await nextTurn();
  }
}

process.on('disconnect', () => process.exit());
process.send?.('ready');
await Promise.all([write(), write(), keepLog(), keepLog()]);
