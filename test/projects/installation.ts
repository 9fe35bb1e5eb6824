import { createHash, createHmac, randomBytes } from 'node:crypto';
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { eventRoutes } from '../../src/audit/routes.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { createSqlIdempotencyStore } from '../../src/http/idempotency-sql.ts';
import { installHttp } from '../../src/http/install-http.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { createSqlRateCounter } from '../../src/http/rate-counter-sql.ts';
import { defaultRateLimits } from '../../src/http/rate-limit.ts';
import { createRateLimiter } from '../../src/http/rate-limiter.ts';
import { createKeyring, type Keyring } from '../../src/lib/keyring.ts';
import { parsePhone } from '../../src/lib/phone.ts';
import { createAuthenticate } from '../../src/projects/authenticate.ts';
import { ensureFirstProject } from '../../src/projects/first-project.ts';
import { keyRoutes } from '../../src/projects/key-routes.ts';
import { type ProjectRoutesDeps, projectRoutes } from '../../src/projects/project-routes.ts';
import { createKeySet, type KeySet } from '../../src/tokens/key-set.ts';
import { createProofs, type Proofs } from '../../src/tokens/proof.ts';
import { tokenRoutes } from '../../src/tokens/routes.ts';
import { ensureSigningKey } from '../../src/tokens/signing-keys.ts';
import { PolicyOverridesSchema } from '../../src/verify/policy.ts';
import { freshDatabase } from '../rig/stores.ts';

export const START = Date.parse('2027-01-15T08:00:00.000Z');
export const ISSUER = 'https://verify.example.com';

/** Projects, keys, proofs and events on a database of their own; the clock is in the test's hand. */
export interface Installation {
  db: Database;
  keyring: Keyring;
  clock: { now: number };
  /** Of the first key. */
  key: string;
  project: string;
  /** One more process on the same database. */
  instance(options?: { production?: boolean; checkPolicy?: ProjectRoutesDeps['checkPolicy'] }): Promise<Instance>;
  close(): Promise<void>;
}

export interface Instance {
  app: FastifyInstance;
  keys: KeySet;
  proofs: Proofs;
  call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: unknown, key?: string): Promise<Answer>;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what came back is what the test is about
  body: any;
  headers: Record<string, unknown>;
}

export const newSecret = (mode: 'live' | 'test') => `cs_${mode}_${randomBytes(24).toString('base64url')}`;

export const recipientHash = (e164: string) => createHmac('sha256', 'number').update(e164).digest('base64url');

export async function openInstallation(
  dialect: 'sqlite' | 'postgres',
  { mode = 'live', on }: { mode?: 'live' | 'test'; on?: Database } = {},
): Promise<Installation> {
  const { url, close } = on ? { url: 'given', close() {} } : await freshDatabase(dialect);
  const db = on ?? (await openDatabase(url));
  const apps: FastifyInstance[] = [];
  const keyring = createKeyring([createHash('sha256').update(url).digest()]);
  const clock = { now: START };
  const now = () => clock.now;
  const key = newSecret(mode);
  const { id: project } = await ensureFirstProject(db, { apiKey: key, mode: 'development' }, clock.now);
  await ensureSigningKey(db, keyring, clock.now);

  async function instance({ production = false, checkPolicy }: Parameters<Installation['instance']>[0] = {}) {
    const app = Fastify();
    const keys = createKeySet({ db: db.kysely, keyring });
    const proofs = createProofs({ keys, issuer: ISSUER });
    await installHttp(app, {
      authenticate: createAuthenticate({ db, now }),
      rateLimiter: createRateLimiter({
        counter: createSqlRateCounter(db),
        hash: (subject) => subject,
        onDegraded: () => {},
        onRecovered: () => {},
      }),
      rateLimits: defaultRateLimits,
      idempotency: createSqlIdempotencyStore(db),
      keyring,
      metrics: createMetrics(),
      now,
      standalone: true,
    });
    const policySchema = PolicyOverridesSchema;
    await app.register(
      projectRoutes({ db, now, keyring, production, policySchema, ...(checkPolicy && { checkPolicy }) }),
    );
    await app.register(keyRoutes({ db, now, keyring, production }));
    await app.register(tokenRoutes({ db, now, keys, proofs }));
    await app.register(
      eventRoutes({
        db,
        keyring,
        recipientHash(to) {
          const phone = parsePhone(to);
          return phone && recipientHash(phone.e164);
        },
      }),
    );
    await app.ready();
    apps.push(app);

    return {
      app,
      keys,
      proofs,
      async call(method, url, body, other) {
        const request: InjectOptions = { method, url, headers: { authorization: `Bearer ${other ?? key}` } };
        const response = await app.inject(body === undefined ? request : { ...request, payload: body as object });
        return { status: response.statusCode, body: response.json(), headers: response.headers };
      },
    } satisfies Instance;
  }

  return {
    db,
    keyring,
    clock,
    key,
    project,
    instance,
    async close() {
      await Promise.all(apps.map((app) => app.close()));
      await db.close();
      close();
    },
  };
}
