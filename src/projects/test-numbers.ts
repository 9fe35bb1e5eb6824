import type { Database } from '../db/open.ts';
import type { PolicyOverrides } from './projects.ts';

/** Numbers with a fixed code are for trying things out: production neither takes them nor starts with them. */
export function hasTestNumbers(policy: PolicyOverrides): boolean {
  return Object.keys(policy.test_numbers ?? {}).length > 0;
}

/** For the start in production. */
export async function assertNoTestNumbers(db: Database): Promise<void> {
  const rows = await db.kysely.selectFrom('projects').select(['id', 'policy']).execute();
  const found = rows.find(({ policy }) => hasTestNumbers(JSON.parse(policy)));
  if (found)
    throw new Error(`project ${found.id} has test_numbers: production refuses them, remove them in development`);
}
