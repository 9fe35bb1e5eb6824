import { describeWith } from '../rig/stores.ts';
import { challengeStoreContract } from './challenge-store.ts';
import { makeStore } from './store-under-test.ts';

await describeWith(['redis', 'postgres'], 'challenge store on Redis', () => {
  challengeStoreContract(() => makeStore('redis'));
});
