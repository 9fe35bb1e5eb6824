import type { Migration } from '../migrate.ts';

/** Templates and their review. */
export const templates: Migration = {
  version: 9,
  name: 'templates',
  statements: () => [],
};
