import type { Migration } from '../migrate.ts';

/** Contacts, lists, segments, consent. */
export const people: Migration = {
  version: 8,
  name: 'people',
  statements: () => [],
};
