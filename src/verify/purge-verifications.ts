import { purgeRows } from '../db/purge-rows.ts';

/** By the age of their start: each has ended within minutes of it. */
export const purgeVerifications = purgeRows('verifications', 'created_at');
