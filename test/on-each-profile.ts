import { describeWith, freshDatabase, freshRedis } from './rig/stores.ts';

const PROFILES = {
  embedded: { needs: [], open: async () => ({ DATABASE_URL: (await freshDatabase('sqlite')).url }) },
  postgres: { needs: ['postgres'], open: async () => ({ DATABASE_URL: (await freshDatabase('postgres')).url }) },
  scaled: {
    needs: ['postgres', 'redis'],
    open: async () => ({ DATABASE_URL: (await freshDatabase('postgres')).url, REDIS_URL: (await freshRedis()).url }),
  },
} as const;

/** For tests of real processes: on each profile, the environment that `open` makes new stores for. */
export async function onEachProfile(
  title: string,
  tests: (open: () => Promise<Record<string, string>>) => void,
): Promise<void> {
  for (const [profile, { needs, open }] of Object.entries(PROFILES)) {
    await describeWith(needs, `${title}, ${profile}`, () => tests(open));
  }
}
