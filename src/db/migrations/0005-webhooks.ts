import type { Migration } from '../migrate.ts';

/** Endpoints and what was delivered to them. */
export const webhooks: Migration = {
  version: 5,
  name: 'webhooks',
  statements: () => [],
};
