import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Challenge } from '../../src/verify/challenge.ts';
import type { Profile } from '../contract/open-store.ts';

/** One thing to do to one challenge; a racer does all that it is handed at the same time. */
export type Order =
  | { do: 'answer'; right: boolean; challenge: Challenge; now: number }
  | { do: 'resend'; challenge: Challenge; now: number };

/** `approved`, `failed`, `sent`, or why not. */
export type Outcome = string;

/** A process of its own, with a store of its own. */
export interface Racer {
  run(orders: Order[]): Promise<Outcome[]>;
  stop(): Promise<void>;
}

export async function startRacer(profile: Profile): Promise<Racer> {
  const script = fileURLToPath(new URL('racer-process.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(profile)], { execArgv: [], serialization: 'advanced' });
  await reply(child); // it is ready
  return {
    async run(orders) {
      child.send(orders);
      return (await reply(child)) as Outcome[];
    },
    async stop() {
      child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

function reply(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the racer ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}
