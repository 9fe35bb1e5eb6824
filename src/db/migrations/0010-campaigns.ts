import type { Migration } from '../migrate.ts';

/** Campaigns, links, conversations, automations. */
export const campaigns: Migration = {
  version: 10,
  name: 'campaigns',
  statements: () => [],
};
