import { freshProfile } from '../contract/store-under-test.ts';
import { describeWith } from '../rig/stores.ts';
import { races } from './races.ts';

await describeWith(['postgres'], 'two processes on PostgreSQL', () => {
  races(() => freshProfile('postgres'));
});
