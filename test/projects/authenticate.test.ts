import type { KyselyPlugin } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Database } from '../../src/db/open.ts';
import { openDatabase } from '../../src/db/open.ts';
import type { Authenticate } from '../../src/lib/auth.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { createAuthenticate } from '../../src/projects/authenticate.ts';
import { ensureFirstProject } from '../../src/projects/first-project.ts';
import { createKey, revokeKey } from '../../src/projects/keys.ts';
import { updateProject } from '../../src/projects/projects.ts';
import { describeWith, freshDatabase } from '../rig/stores.ts';
import { startProxy } from '../rig/tcp-proxy.ts';
import { newSecret } from './new-secret.ts';

const START = Date.parse('2027-01-15T08:00:00.000Z');
const actor = { id: 'system', mode: 'live' } as const;

async function openInstallation(url: string) {
  const db = await openDatabase(url);
  const key = newSecret('live');
  const { id: project } = await ensureFirstProject(db, { apiKey: key, mode: 'development' }, START);
  return { db, key, project, clock: { now: START } };
}

type Installation = Awaited<ReturnType<typeof openInstallation>>;

/** The same database, with an eye on its queries and a hand on its answers. */
function watch(db: Database) {
  const state = { queries: 0, down: false, answers: Promise.resolve() };
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      state.queries++;
      if (state.down) throw new StoreUnavailable('database');
      return node;
    },
    async transformResult({ result }) {
      await state.answers;
      return result;
    },
  };
  return { state, db: { ...db, kysely: db.kysely.withPlugin(plugin) } };
}

describe('a key', () => {
  let installation: Installation;
  let clock: Installation['clock'];
  let state: ReturnType<typeof watch>['state'];
  let authenticate: Authenticate;

  beforeEach(async () => {
    installation = await openInstallation((await freshDatabase('sqlite')).url);
    clock = installation.clock;
    const watched = watch(installation.db);
    state = watched.state;
    authenticate = createAuthenticate({ db: watched.db, now: () => clock.now, size: 3 });
  });
  afterEach(() => installation.db.close());

  async function newKey() {
    const input = {
      project: installation.project,
      mode: 'live',
      name: 'n',
      scopes: ['sandbox'],
      expiresAt: null,
    } as const;
    const made = await createKey(installation.db, input, actor, clock.now);
    return { id: made?.key.id ?? '', secret: made?.secret ?? '' };
  }

  it('stands for its project, mode, scopes and policy', async () => {
    const { id, secret } = await newKey();
    expect(await authenticate(secret)).toEqual({
      keyId: id,
      projectId: installation.project,
      projectName: 'default',
      mode: 'live',
      scopes: new Set(['sandbox']),
      policy: {},
    });
  });

  it('is asked of the database once a second, however many requests bear it', async () => {
    await Promise.all(Array.from({ length: 100 }, () => authenticate(installation.key)));
    clock.now += 999;
    await authenticate(installation.key);
    expect(state.queries).toBe(1);
    clock.now += 1;
    await Promise.all(Array.from({ length: 100 }, () => authenticate(installation.key)));
    expect(state.queries).toBe(2);
  });

  it('is known from its first use until it is seen revoked, or expires', async () => {
    const { id, secret } = await newKey();
    expect(authenticate.known?.(secret)).toBe(false);
    await authenticate(secret);
    expect(authenticate.known?.(secret)).toBe(true);
    clock.now += 60_000;
    expect(authenticate.known?.(secret)).toBe(true);
    await revokeKey(installation.db, id, actor, clock.now);
    await authenticate(secret);
    expect(authenticate.known?.(secret)).toBe(false);
  });

  it('stands for the same object until something about it changes', async () => {
    const first = await authenticate(installation.key);
    clock.now += 1_000;
    expect(await authenticate(installation.key)).toBe(first);
    await updateProject(
      installation.db,
      installation.project,
      () => ({ policy: { code_length: 8 } }),
      actor,
      clock.now,
    );
    clock.now += 1_000;
    expect(await authenticate(installation.key)).toMatchObject({ policy: { code_length: 8 } });
  });

  it('that is not known is asked for once a second too', async () => {
    const unknown = newSecret('live');
    for (let i = 0; i < 10; i++) expect(await authenticate(unknown)).toBeNull();
    expect(state.queries).toBe(1);
  });

  it('works from the next second on when it is made after being tried', async () => {
    const { id, secret } = await newKey();
    await installation.db.kysely.updateTable('api_keys').set({ revoked_at: 1 }).where('id', '=', id).execute();
    expect(await authenticate(secret)).toBeNull();
    await installation.db.kysely.updateTable('api_keys').set({ revoked_at: null }).where('id', '=', id).execute();
    clock.now += 1_000;
    expect(await authenticate(secret)).not.toBeNull();
  });

  it.each(['', 'cs_live_', 'cs_prod_'.padEnd(60, 'x'), 'cs_live_'.padEnd(39, 'x'), `cs_live_${'x'.repeat(300)}`, 'é'])(
    'of a form that no key has is refused without asking: %s',
    async (text) => {
      expect(await authenticate(text)).toBeNull();
      expect(state.queries).toBe(0);
    },
  );

  it('is revoked within a second even when the answer about it was slow to come', async () => {
    const { id, secret } = await newKey();
    const gate = Promise.withResolvers<void>();
    state.answers = gate.promise;
    const before = authenticate(secret);
    await new Promise(setImmediate);
    state.answers = Promise.resolve();
    await revokeKey(installation.db, id, actor, clock.now);
    clock.now += 1_000;
    expect(await authenticate(secret)).toBeNull();
    gate.resolve();
    expect(await before).not.toBeNull();
    // And the late answer is not what is remembered.
    state.down = true;
    clock.now += 1_000;
    await expect(authenticate(secret)).rejects.toThrow(StoreUnavailable);
  });

  it('made up by an attacker does not push real ones out of memory', async () => {
    await authenticate(installation.key);
    for (let i = 0; i < 50; i++) await authenticate(newSecret('live'));
    state.queries = 0;
    await authenticate(installation.key);
    expect(state.queries).toBe(0);
  });

  it('that is used least is forgotten first', async () => {
    const keys = [installation.key, ...(await Promise.all([newKey(), newKey(), newKey()])).map(({ secret }) => secret)];
    for (const key of keys) {
      await authenticate(installation.key);
      clock.now += 1_000;
      await authenticate(key);
    }
    state.down = true;
    clock.now += 1_000;
    await expect(authenticate(keys[1] ?? '')).rejects.toThrow(StoreUnavailable);
    expect(await authenticate(installation.key)).not.toBeNull();
    expect(await authenticate(keys[3] ?? '')).not.toBeNull();
  });

  describe('while the database is down', () => {
    it('stays usable for five minutes if it was valid, and no longer', async () => {
      await authenticate(installation.key);
      state.down = true;
      clock.now = START + 299_999;
      expect(await authenticate(installation.key)).not.toBeNull();
      clock.now = START + 300_000;
      await expect(authenticate(installation.key)).rejects.toThrow(StoreUnavailable);
    });

    it('expires all the same', async () => {
      const { id, secret } = await newKey();
      const expiresAt = START + 5_000;
      await installation.db.kysely
        .updateTable('api_keys')
        .set({ expires_at: expiresAt })
        .where('id', '=', id)
        .execute();
      await authenticate(secret);
      state.down = true;
      clock.now = expiresAt - 1;
      expect(await authenticate(secret)).not.toBeNull();
      clock.now = expiresAt;
      expect(await authenticate(secret)).toBeNull();
    });

    it('is not taken if it was not known, nor if it was known to be revoked', async () => {
      const { id, secret } = await newKey();
      await revokeKey(installation.db, id, actor, clock.now);
      expect(await authenticate(secret)).toBeNull();
      state.down = true;
      clock.now += 1_000;
      await expect(authenticate(secret)).rejects.toThrow(StoreUnavailable);
      await expect(authenticate(newSecret('live'))).rejects.toThrow(StoreUnavailable);
    });

    it('makes the database be tried once a second', async () => {
      await authenticate(installation.key);
      state.down = true;
      for (let i = 0; i < 30; i++) {
        clock.now += 100;
        await authenticate(installation.key);
      }
      // Fresh for the first second, then one try each second.
      expect(state.queries).toBe(1 + 3);
    });

    it('and after it, is asked for again within a second', async () => {
      const { id, secret } = await newKey();
      await authenticate(secret);
      state.down = true;
      clock.now += 2_000;
      expect(await authenticate(secret)).not.toBeNull();
      state.down = false;
      await revokeKey(installation.db, id, actor, clock.now);
      clock.now += 1_000;
      expect(await authenticate(secret)).toBeNull();
    });
  });
});

await describeWith(['postgres'], 'a key, when Postgres hangs', () => {
  it('that is known goes on after a short wait, one that is not is a 503', async () => {
    const { url, close } = await freshDatabase('postgres');
    const target = new URL(url);
    const proxy = await startProxy({ host: target.hostname, port: Number(target.port) });
    const direct = new URL(url);
    direct.port = String(proxy.port);
    direct.hostname = '127.0.0.1';
    const { db, clock, key } = await openInstallation(direct.href);
    const authenticate = createAuthenticate({ db, now: () => clock.now, patienceMs: 50 });
    // On a busy machine an answer may take longer than its patience; who is refused may ask again a second later.
    const patiently = (key: string) => {
      const ask = () => {
        clock.now += 1_000;
        return authenticate(key);
      };
      return vi.waitFor(ask, { timeout: 40_000 });
    };
    await patiently(key);

    proxy.pause();
    clock.now += 1_000;
    expect(await authenticate(key)).not.toBeNull();
    await expect(authenticate(newSecret('live'))).rejects.toThrow(StoreUnavailable);

    proxy.resume();
    expect(await patiently(newSecret('live'))).toBeNull();
    await db.close();
    await proxy.close();
    close();
  });
});
