import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../src/db/open.ts';
import { createAuthenticate } from '../src/projects/authenticate.ts';
import { startCountersign } from './countersign-process.ts';
import { FROM_SOURCE } from './from-source.ts';
import { freshDatabase } from './rig/stores.ts';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** An installation nobody has started yet, and its command line. */
async function openShell(kind: 'migrated' | 'empty' = 'empty') {
  const { url } = await freshDatabase('sqlite', kind);
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: url,
    COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
    COUNTERSIGN_API_KEY: `cs_live_${randomBytes(24).toString('base64url')}`,
    COUNTERSIGN_MODE: 'production',
    PORT: '0',
  };
  const start = (...args: string[]) =>
    spawn(process.execPath, [...FROM_SOURCE, CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  async function run(...args: string[]) {
    const child = start(...args);
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code, out, err, lines: out.split('\n').slice(0, -1) };
  }
  return { url, env, start, run };
}

describe('countersign', () => {
  it('help says what there is, on stdout', async () => {
    const { run } = await openShell();
    for (const args of [['help'], ['--help'], ['keys', 'create', '--help']]) {
      const { code, out, err } = await run(...args);
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('countersign serve');
    }
  });

  it('misuse is exit code 2, with what is wrong and the usage on stderr', async () => {
    const { run } = await openShell('migrated');
    const misuses = [
      '',
      'dance',
      'toString',
      'keys',
      'keys steal',
      'serve --port 1',
      'serve now',
      'keys revoke',
      'keys revoke a b',
      'keys create --scopes root',
      'keys create --mode prod',
      'keys create --name a\u202eb',
      'keys create --expires tomorrow',
      'keys create --expires 2020-01-01T00:00:00Z',
      'keys create --project prj_none',
      'worker now',
    ];
    for (const misuse of misuses) {
      const { code, out, err } = await run(...misuse.split(' ').filter(Boolean));
      expect([misuse, code, out]).toEqual([misuse, 2, '']);
      expect(err).toMatch(/^countersign: .+\n\ncountersign serve/);
    }
  });

  it('a key is made, works, is listed and revoked; only the key itself goes to stdout', async () => {
    const { url, run } = await openShell();
    const made = await run('keys', 'create', '--name', 'ops', '--scopes', 'events:read,admin');
    expect(made.code, made.err).toBe(0);
    expect(made.lines).toEqual([expect.stringMatching(/^cs_live_[A-Za-z0-9_-]{43}$/)]);
    const key = made.lines[0] ?? '';

    const db = await openDatabase(url);
    const authenticate = () => createAuthenticate({ db, now: Date.now })(key);
    const auth = await authenticate();
    expect(auth?.scopes).toEqual(new Set(['events:read', 'admin']));

    const listed = await run('keys', 'list');
    expect(listed.lines).toHaveLength(2);
    const line = listed.lines.find((each) => each.includes('ops'))?.split('\t') ?? [];
    expect(line.slice(0, 3)).toEqual([auth?.keyId, `${key.slice(0, 12)}…`, 'active']);
    expect(listed.out).not.toContain(key.slice(12));

    expect((await run('keys', 'revoke', auth?.keyId ?? '')).out).toContain('\trevoked\t');
    expect(await authenticate()).toBeNull();
    await db.close();
  });

  it('a key has every scope but those that undo protections unless told otherwise', async () => {
    const { run } = await openShell();
    const { err } = await run('keys', 'create');
    expect(err).toContain('verifications:write,verifications:read,');
    expect(err).not.toMatch(/admin|recipients:write|settings:write/);
  });

  it('a key that is not there cannot be revoked', async () => {
    const { run } = await openShell();
    expect(await run('keys', 'revoke', 'key_x')).toMatchObject({
      code: 1,
      err: 'countersign: there is no key key_x\n',
    });
  });

  it('a project that is not there has no keys to list', async () => {
    const { run } = await openShell();
    expect(await run('keys', 'list', '--project', 'prj_none')).toMatchObject({
      code: 1,
      out: '',
      err: 'countersign: there is no project prj_none\n',
    });
  });

  it('the signing key is rotated', async () => {
    const { url, run } = await openShell();
    for (const flags of [[], ['--compromised']]) expect((await run('keys', 'rotate', ...flags)).code).toBe(0);
    const db = await openDatabase(url);
    const events = await db.kysely
      .selectFrom('events')
      .select('data')
      .where('type', '=', 'signing_key.rotated')
      .execute();
    expect(events.map(({ data }) => JSON.parse(data).compromised)).toEqual([false, true]);
    await db.close();
  });

  it('the key of the audit log is rotated once there is one', async () => {
    const { url, run } = await openShell();
    expect(await run('keys', 'rotate', '--audit')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no key yet'),
    });
    const db = await openDatabase(url);
    const events = await db.kysely.selectFrom('events').select('type').execute();
    expect(events.map(({ type }) => type)).not.toContain('audit_key.rotated');
    await db.close();
  });

  it('the schema is brought up to date once', async () => {
    const { run } = await openShell();
    expect((await run('migrate')).out).toMatch(/^schema version 0 → \d+\n$/);
    expect((await run('migrate')).out).toMatch(/^the schema is up to date/);
  });

  it('what the operator can mend is one line, without the secret', async () => {
    const { env, run } = await openShell();
    const secret = env.COUNTERSIGN_SECRET;
    env.COUNTERSIGN_SECRET = 'c2hvcnQ=';
    const short = await run('serve');
    expect(short).toMatchObject({ code: 1, out: '' });
    expect(short.err).toMatch(/^countersign: COUNTERSIGN_SECRET [^\n]+\n$/);
    expect(short.err).not.toContain('c2hvcnQ=');

    env.COUNTERSIGN_SECRET = secret;
    env.DATABASE_URL = 'postgres://countersign:hidden@127.0.0.1:1/x';
    const away = await run('keys', 'list');
    expect(away).toMatchObject({ code: 1, out: '' });
    expect(away.err).toMatch(/^countersign: database is unavailable[^\n]*\n$/);
    expect(away.err).not.toContain('hidden');

    // Whatever is started, and however.
    for (const args of [[CLI, 'serve'], [CLI, 'worker'], [MAIN]]) {
      const child = spawn(process.execPath, [...FROM_SOURCE, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
      const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
      expect({ args, code, err }).toEqual({ args, code: 1, err: away.err });
    }
  });

  it.each([[['serve']], [['serve', '--no-workers']], [['worker']]])('%j runs until it is told to end', async (args) => {
    const { start, env } = await openShell();
    env.COUNTERSIGN_MODE = 'development';
    const child = start(...args);
    const exit = once(child, 'exit');
    let out = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      out += chunk;
      if (out.includes('is ready')) break;
    }
    expect(out).toContain('is ready');
    // Nobody reads its log any more: that must not hold it up.
    expect(child.stdout.destroyed).toBe(true);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });

  it.each([
    ['--port', ['--port', '0'], ''],
    ['PORT', [], '0'],
  ])('a worker told its port by %s answers for its health and metrics, and nothing else', async (_, args, PORT) => {
    const { env } = await openShell();
    const worker = await startCountersign({ ...env, PATH: env.PATH ?? '', PORT }, [CLI, 'worker', ...args]);
    for (const path of ['/health/live', '/health/ready']) expect((await worker.call('GET', path)).status).toBe(200);
    const metrics = await worker.call('GET', '/metrics');
    expect(metrics.body).toContain('countersign_due_age_seconds 0');
    const headers = { authorization: '' };
    expect((await worker.call('GET', '/metrics', undefined, headers)).status).toBe(401);
    const unknown = await worker.call('POST', '/v1/verifications', { to: '+33612345678' });
    expect(unknown).toMatchObject({ status: 404, body: { type: '/docs/errors#not_found' } });
    expect((await worker.call('GET', unknown.body.type)).body).toContain('id="not_found"');
    expect(await worker.stop()).toBe(0);
  });

  it('a worker that is told no port takes none', async () => {
    const { env, start } = await openShell();
    env.PORT = '';
    env.COUNTERSIGN_MODE = 'development';
    const child = start('worker');
    const exit = once(child, 'exit');
    let out = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      out += chunk;
      if (out.includes('is ready')) break;
    }
    expect(out).toBe('countersign worker is ready\n');
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });
});
