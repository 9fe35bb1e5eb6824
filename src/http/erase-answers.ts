import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Keyring } from '../lib/keyring.ts';
import { open } from '../lib/seal.ts';
import type { Eraser, Erasure } from '../lib/subject.ts';
import type { Answer } from './idempotency.ts';
import { type KeptAnswers, LEASE_MS } from './idempotency-store.ts';

/** Opens by no key, so that a retry is told that its answer is gone, and not carried out a second time. */
const ERASED = 'erased';

/** Kept answers that name a person. They are sealed and filed under nobody, so each is opened. */
export function createAnswerEraser(store: KeptAnswers, keyring: Keyring): Eraser {
  function isAbout(erasure: Erasure, key: string, sealed: string): boolean {
    const text = open(keyring, key, sealed);
    if (text === null) return false;
    const { project, mode, at, body } = JSON.parse(text) as Answer;
    // What was asked before is answered within the lease.
    const isReached =
      (erasure.project === null || project === erasure.project) &&
      erasure.modes.includes(mode) &&
      at <= erasure.until + LEASE_MS;
    return isReached && namesSubject(erasure, parse(body));
  }

  return {
    name: 'idempotent_answers',
    async erase(erasure) {
      let count = 0;
      for await (const page of store.answers()) {
        const theirs = page.filter(({ key, answer }) => isAbout(erasure, key, answer));
        for (const { key } of theirs) await store.replaceAnswer(key, ERASED);
        count += theirs.length;
        // Opening takes the thread; others want it too.
        await nextTurn();
      }
      return { count };
    },
  };
}

function namesSubject(erasure: Erasure, value: unknown): boolean {
  if (typeof value === 'string') return erasure.isAddress(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((member) => namesSubject(erasure, member));
}

/** Not every answer has a body. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
