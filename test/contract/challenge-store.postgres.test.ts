import { describeWith } from '../rig/stores.ts';
import { challengeStoreContract } from './challenge-store.ts';
import { makeStore } from './store-under-test.ts';

await describeWith(['postgres'], 'challenge store on PostgreSQL', () => {
  challengeStoreContract(() => makeStore('postgres'));
});
