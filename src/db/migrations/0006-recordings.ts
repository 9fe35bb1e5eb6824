import type { Migration } from '../migrate.ts';

/** Uploaded recordings that calls play. */
export const recordings: Migration = {
  version: 6,
  name: 'recordings',
  statements: () => [],
};
