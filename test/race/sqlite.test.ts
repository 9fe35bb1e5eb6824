import { freshProfile } from '../contract/store-under-test.ts';
import { describeWith } from '../rig/stores.ts';
import { races } from './races.ts';

await describeWith([], 'two processes on one SQLite file', () => {
  races(() => freshProfile('sqlite'));
});
