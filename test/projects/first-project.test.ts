import { describe, expect, it, onTestFinished } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { SCOPES } from '../../src/lib/auth.ts';
import { createAuthenticate } from '../../src/projects/authenticate.ts';
import { ensureFirstProject, firstProject } from '../../src/projects/first-project.ts';
import { describeWith, freshDatabase } from '../rig/stores.ts';
import { newSecret } from './new-secret.ts';

const NOW = Date.parse('2027-01-15T08:00:00.000Z');
const development = 'development' as const;

for (const dialect of ['sqlite', 'postgres'] as const) {
  await describeWith(dialect === 'postgres' ? ['postgres'] : [], `the first project (${dialect})`, () => {
    /** Some processes on one new database. */
    async function processes(count: number): Promise<Database[]> {
      const { url, close } = await freshDatabase(dialect);
      const opened = await Promise.all(Array.from({ length: count }, () => openDatabase(url, { poolSize: 2 })));
      onTestFinished(async () => {
        await Promise.all(opened.map((db) => db.close()));
        close();
      });
      return opened;
    }

    const projectsOf = (db: Database) => db.kysely.selectFrom('projects').selectAll().execute();
    const keysOf = (db: Database) => db.kysely.selectFrom('api_keys').selectAll().execute();
    const eventsOf = (db: Database) =>
      db.kysely.selectFrom('events').select(['type', 'actor', 'project_id']).orderBy('position').execute();

    it.each(['live', 'test'] as const)('has the operator’s %s key, with all scopes', async (mode) => {
      const [db] = (await processes(1)) as [Database];
      const apiKey = newSecret(mode);
      const { id, generatedKey } = await ensureFirstProject(db, { apiKey, mode: development }, NOW);
      expect(generatedKey).toBeNull();
      expect(await firstProject(db.kysely)).toBe(id);
      expect(await createAuthenticate({ db, now: () => NOW })(apiKey)).toMatchObject({
        projectId: id,
        projectName: 'default',
        mode,
        scopes: new Set(SCOPES),
      });
      expect(await eventsOf(db)).toEqual([
        { type: 'project.created', actor: 'system', project_id: id },
        { type: 'key.created', actor: 'system', project_id: id },
      ]);
    });

    it('is one, with one key, when several processes start at once and start again', async () => {
      const dbs = await processes(4);
      const apiKey = newSecret('live');
      const start = () => Promise.all(dbs.map((db) => ensureFirstProject(db, { apiKey, mode: development }, NOW)));
      const ids = [...(await start()), ...(await start())].map(({ id }) => id);
      expect(new Set(ids).size).toBe(1);
      const [db] = dbs as [Database];
      expect(await projectsOf(db)).toHaveLength(1);
      expect(await keysOf(db)).toHaveLength(1);
      expect(await eventsOf(db)).toHaveLength(2);
    });

    it('gets another key when the operator gives another one', async () => {
      const [db] = (await processes(1)) as [Database];
      await ensureFirstProject(db, { apiKey: newSecret('test'), mode: development }, NOW);
      const apiKey = newSecret('live');
      const { id } = await ensureFirstProject(db, { apiKey, mode: development }, NOW);
      expect(await createAuthenticate({ db, now: () => NOW })(apiKey)).toMatchObject({ projectId: id, mode: 'live' });
      expect(await keysOf(db)).toHaveLength(2);
    });

    it('does not bring back a key that was revoked', async () => {
      const [db] = (await processes(1)) as [Database];
      const options = { apiKey: newSecret('live'), mode: development };
      await ensureFirstProject(db, options, NOW);
      await db.kysely.updateTable('api_keys').set({ revoked_at: NOW }).execute();
      await ensureFirstProject(db, options, NOW + 1);
      expect(await createAuthenticate({ db, now: () => NOW })(options.apiKey)).toBeNull();
    });

    it('gets a key made for it in development, told to one process only', async () => {
      const dbs = await processes(3);
      const start = () =>
        Promise.all(dbs.map((db) => ensureFirstProject(db, { apiKey: null, mode: development }, NOW)));
      const made = [...(await start()), ...(await start())].flatMap(({ generatedKey }) => generatedKey ?? []);
      expect(made).toEqual([expect.stringMatching(/^cs_test_[A-Za-z0-9_-]{43}$/)]);
      const authenticate = createAuthenticate({ db: dbs[0] as Database, now: () => NOW });
      expect(await authenticate(made[0] ?? '')).not.toBeNull();
    });

    it('gets no key that was not given in production', async () => {
      const [db] = (await processes(1)) as [Database];
      const { generatedKey } = await ensureFirstProject(db, { apiKey: null, mode: 'production' }, NOW);
      expect(generatedKey).toBeNull();
      expect(await keysOf(db)).toEqual([]);
    });
  });
}

describe('a key that is not one', () => {
  it('stops the start', async () => {
    const db = await openDatabase((await freshDatabase('sqlite')).url);
    onTestFinished(() => db.close());
    await expect(ensureFirstProject(db, { apiKey: 'secret', mode: development }, NOW)).rejects.toThrow('cs_live_');
    expect(await db.kysely.selectFrom('projects').selectAll().execute()).toEqual([]);
  });
});
