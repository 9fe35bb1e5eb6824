import { describe } from 'vitest';
import { challengeStoreContract } from './challenge-store.ts';
import { makeStore } from './store-under-test.ts';

describe('challenge store on SQLite', () => {
  challengeStoreContract(() => makeStore('sqlite'));
});
