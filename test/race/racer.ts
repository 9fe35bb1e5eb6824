import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Challenge } from '../../src/verify/challenge.ts';
import type { Profile } from '../contract/open-store.ts';
import { FROM_SOURCE } from '../from-source.ts';

/** One thing to do to one challenge; a racer does all that it is handed at the same time. */
export type Order =
  | { do: 'answer'; right: boolean; challenge: Challenge; now: number }
  | { do: 'resend'; challenge: Challenge; now: number };

/** `approved`, `failed`, `sent`, or why not; before it an `unsure` for each step that may have been carried out unheard. */
export type Outcome = string;

/** A process of its own, with a store of its own. */
export interface Racer {
  /** Of each order what came of it. */
  run(orders: Order[]): Promise<Outcome[][]>;
  stop(): Promise<void>;
}

export async function startRacer(profile: Profile): Promise<Racer> {
  const script = fileURLToPath(new URL('racer-process.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(profile)], { execArgv: FROM_SOURCE, serialization: 'advanced' });
  await reply(child); // it is ready
  return {
    async run(orders) {
      if (!child.connected) throw new Error('the racer has ended');
      child.send(orders);
      return (await reply(child)) as Outcome[][];
    },
    async stop() {
      if (!child.connected) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

function reply(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the racer ended; what it says is above'));
    child.once('disconnect', ended);
    child.once('message', (message) => {
      child.off('disconnect', ended);
      resolve(message);
    });
  });
}
