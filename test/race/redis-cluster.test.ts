import { freshProfile } from '../contract/store-under-test.ts';
import { describeWith } from '../rig/stores.ts';
import { races } from './races.ts';

await describeWith(['redis', 'postgres'], 'two processes on Redis Cluster', () => {
  races(() => freshProfile('redis-cluster'));
});
