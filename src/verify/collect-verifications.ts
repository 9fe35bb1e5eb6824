import { toTimestamp } from '../lib/clock.ts';
import type { Collect, SubjectRecord } from '../lib/subject.ts';
import { type GuessStateDeps, readGuessState } from './erase-guess-state.ts';
import { verificationsOf } from './erase-verifications.ts';
import { toChallenge } from './sql/verification-row.ts';
import { viewVerification } from './view.ts';

/** A person's verifications, and what is counted of their failed guesses. */
export function createVerificationCollector(deps: Omit<GuessStateDeps, 'redis'>): Collect {
  return async function* collect(subject): AsyncGenerator<SubjectRecord> {
    for await (const rows of verificationsOf(deps.db, subject, null)) {
      for (const row of rows) {
        const challenge = toChallenge(row);
        const { project, mode, client } = challenge;
        yield { kind: 'verification', record: { project, mode, ...viewVerification(challenge), client } };
      }
    }
    for (const state of await readGuessState(deps, subject)) {
      yield {
        kind: 'failed_guesses',
        record: {
          ...{ project: state.project, mode: state.mode, failures: state.failures, in_a_row: state.in_a_row },
          started_at: toTimestamp(state.started_at),
          locked_until: state.locked_until === 0 ? null : toTimestamp(state.locked_until),
        },
      };
    }
  };
}
