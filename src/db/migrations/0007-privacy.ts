import type { Migration } from '../migrate.ts';

/** Erasures, and what is kept how long. */
export const privacy: Migration = {
  version: 7,
  name: 'privacy',
  statements: () => [],
};
