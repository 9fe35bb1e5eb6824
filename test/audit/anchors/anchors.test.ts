import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openAnchors } from '../../../src/audit/anchors/open-anchors.ts';
import { ensureAuditKey } from '../../../src/audit/log/audit-keys.ts';
import { createCheckpointer } from '../../../src/audit/log/checkpoints.ts';
import type { OutletConfig } from '../../../src/audit/outlets.ts';
import type { Database } from '../../../src/db/open.ts';
import { createKeyring } from '../../../src/lib/keyring.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { makeCertificate } from '../../rig/certificate.ts';
import { privateFolder } from '../../rig/stores.ts';
import { ACCESS, signatureOf, startS3Server } from './s3-server.ts';
import { startSyslogServer } from './syslog-server.ts';

const START = Date.parse('2027-01-15T08:00:00.000Z');
const MINUTE = 60_000;

it('the S3 server judges as the S3 reference does: its first example', () => {
  const headers = {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'x-amz-date': '20130524T000000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
      'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,' +
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  };
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const { given, right } = signatureOf({ method: 'GET', path: '/test.txt', headers, secret });
  expect(given).toBe(right);
});

await onEachDialect('anchors', (databases) => {
  /** A log whose clock the test sets. */
  async function newLog(db?: Database) {
    const database = db ?? (await databases.open());
    const keyring = createKeyring([randomBytes(32)]);
    await ensureAuditKey(database, keyring, START, 'otp.example.com/audit');
    const checkpointer = createCheckpointer(database, keyring, 30);
    const clock = { now: START };
    const notes: string[] = [];
    const warnings: string[] = [];
    return {
      db: database,
      clock,
      notes,
      warnings,
      async sign(count = 1) {
        for (let made = 0; made < count; made += 1) {
          clock.now += MINUTE;
          notes.push((await checkpointer.signIfDue(clock.now))?.note ?? '');
        }
      },
      async anchor(config: Omit<OutletConfig, 'name'>) {
        const log = {
          info: (_: object, message: string) => warnings.push(message),
          warn: ({ err }: { err?: Error }) => warnings.push(String(err?.message)),
        };
        const registry = new Registry();
        const deps = { db: database, now: () => clock.now, log, registry, file: 'countersign.yaml' };
        const anchors = await openAnchors([{ name: 'vault', ...config } as OutletConfig], deps);
        onTestFinished(() => anchors.stop());
        const outlet = anchors.outlets.get('vault');
        if (!outlet) throw new Error('no outlet');
        return {
          metrics: () => registry.metrics(),
          state: () => outlet.state(),
          once: () => outlet.tellNext(clock.now),
          /** Tells all that can be told. */
          async tell() {
            while (await outlet.tellNext(clock.now));
          },
        };
      },
    };
  }

  it('append each checkpoint once to a file', async () => {
    const path = join(privateFolder('anchor'), 'checkpoints.txt');
    const log = await newLog();
    const anchor = await log.anchor({ type: 'file', path });
    await log.sign(3);
    await anchor.tell();
    await log.sign();
    await anchor.tell();
    expect(readFileSync(path, 'utf8')).toBe(log.notes.map((note) => `${note}\n`).join(''));
    // A process that died before it could remember: the same is told again.
    await log.db.kysely.updateTable('audit_outlets').set({ next: 2 }).execute();
    await anchor.tell();
    expect(readFileSync(path, 'utf8')).toBe(log.notes.map((note) => `${note}\n`).join(''));
  });

  it('leave what a dying process wrote half apart from what follows', async () => {
    const path = join(privateFolder('anchor'), 'checkpoints.txt');
    const log = await newLog();
    const anchor = await log.anchor({ type: 'file', path });
    await log.sign();
    writeFileSync(path, (log.notes[0] ?? '').slice(0, 60));
    await anchor.tell();
    expect(readFileSync(path, 'utf8').endsWith(`\n\n${log.notes[0]}\n`)).toBe(true);
  });

  it('put each checkpoint into an S3 bucket by a signed request, never over another', async () => {
    const s3 = await startS3Server();
    onTestFinished(() => s3.close());
    const log = await newLog();
    const anchor = await log.anchor({ type: 's3', url: s3.url, ...ACCESS });
    await log.sign(2);
    await anchor.tell();
    expect(s3.refused).toEqual([]);
    expect([...s3.objects]).toEqual([
      ['/anchors/countersign/000000000001.txt', log.notes[0]],
      ['/anchors/countersign/000000000002.txt', log.notes[1]],
    ]);
    await log.db.kysely.updateTable('audit_outlets').set({ next: 1 }).execute();
    await anchor.tell();
    expect(await anchor.state()).toMatchObject({ behind: 0, failingSince: null });
  });

  it('are refused by S3 when the secret is wrong', async () => {
    const s3 = await startS3Server();
    onTestFinished(() => s3.close());
    const log = await newLog();
    const anchor = await log.anchor({ type: 's3', url: s3.url, ...ACCESS, secret_access_key: 'another' });
    await log.sign();
    await anchor.tell();
    expect(s3.refused).toEqual(['SignatureDoesNotMatch']);
    expect(log.warnings).toEqual(['PUT answered 403']);
  });

  /** Keeps what is posted to it, with what authorized that. */
  async function startReceiver() {
    const posts: { authorization: string | undefined; body: { number: number } }[] = [];
    const server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      posts.push({ authorization: request.headers.authorization, body: JSON.parse(text) });
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return { posts, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/heads?of=countersign` };
  }

  it('post each checkpoint', async () => {
    const { posts, url } = await startReceiver();
    const log = await newLog();
    const anchor = await log.anchor({ type: 'webhook', url, headers: { authorization: 'Bearer abc' } });
    await log.sign();
    await anchor.tell();
    const [note] = log.notes;
    const body = { type: 'audit.checkpoint', number: 1, size: 0, created_at: '2027-01-15T08:01:00.000Z', note };
    expect(posts).toEqual([{ authorization: 'Bearer abc', body }]);
  });

  it.each(['TCP', 'TLS'])('tell a syslog server over %s', async (transport) => {
    const certificate = transport === 'TLS' ? makeCertificate() : undefined;
    const server = await startSyslogServer(certificate);
    onTestFinished(() => server.close());
    const log = await newLog();
    const tls = certificate ? { host: 'localhost', ca: certificate.cert } : { host: '127.0.0.1', tls: false };
    const anchor = await log.anchor({ type: 'syslog', port: server.port, ...tls });
    await log.sign(3);
    await anchor.tell();
    expect(log.warnings).toEqual([]);
    expect(server.messages).toHaveLength(3);
    for (const [index, message] of server.messages.entries()) {
      const [, header = '', text = ''] =
        /^(<109>1 \S+ \S+ countersign \d+ audit\.checkpoint -) (.*)$/.exec(message) ?? [];
      expect(header).toContain(` 2027-01-15T08:0${index + 1}:00.000Z `);
      expect(text).toMatch(/^[ -~]+$/);
      expect(JSON.parse(text)).toEqual({ number: index + 1, size: 0, note: log.notes[index] });
    }
  });

  it('tell a syslog server again what it has not read to the end', async () => {
    const server = await startSyslogServer();
    onTestFinished(() => server.close());
    const log = await newLog();
    const anchor = await log.anchor({ type: 'syslog', port: server.port, host: '127.0.0.1', tls: false });
    await log.sign(3);
    server.cut(true);
    await anchor.tell();
    expect(await anchor.state()).toMatchObject({ next: 1, behind: 3 });
    server.cut(false);
    log.clock.now += MINUTE;
    await anchor.tell();
    expect(server.messages).toHaveLength(3);
    expect(await anchor.state()).toMatchObject({ behind: 0, failingSince: null });
  });

  it('do not trust a syslog server whose certificate nobody vouches for', async () => {
    const server = await startSyslogServer(makeCertificate());
    onTestFinished(() => server.close());
    const log = await newLog();
    const anchor = await log.anchor({ type: 'syslog', port: server.port, host: 'localhost' });
    await log.sign();
    await anchor.tell();
    expect(server.messages).toEqual([]);
    expect((await anchor.state()).behind).toBe(1);
  });

  it('get everything they missed, however long they were away; until then a metric and a warning tell of it', async () => {
    const s3 = await startS3Server();
    onTestFinished(() => s3.close());
    const log = await newLog();
    const anchor = await log.anchor({ type: 's3', url: s3.url, ...ACCESS });
    await log.sign();
    await anchor.tell();
    s3.failWith(503);
    await log.sign(200);
    for (let tries = 0; tries < 5; tries += 1) {
      await anchor.tell();
      log.clock.now += 2 * MINUTE;
    }
    expect(log.warnings).toEqual(['PUT answered 503']);
    expect(await anchor.state()).toMatchObject({ next: 2, behind: 200, failingSince: START + 201 * MINUTE });
    const metrics = await anchor.metrics();
    expect(metrics).toContain('countersign_audit_anchor_behind{anchor="vault"} 200');
    expect(metrics).toContain(`countersign_audit_anchor_lag_seconds{anchor="vault"} ${209 * 60}`);
    s3.failWith(null);
    await anchor.tell();
    expect([...s3.objects.values()]).toEqual(log.notes);
    expect(await anchor.state()).toMatchObject({ behind: 0, failingSince: null });
    expect(log.warnings.at(-1)).toBe('an outlet of the audit log works again');
  });

  it('are asked more and more rarely while they fail', async () => {
    const s3 = await startS3Server();
    onTestFinished(() => s3.close());
    s3.failWith(500);
    const log = await newLog();
    const anchor = await log.anchor({ type: 's3', url: s3.url, ...ACCESS });
    await log.sign();
    const dueAfter: number[] = [];
    for (let tries = 0; tries < 8; tries += 1) {
      await anchor.once();
      const { due_at } = await log.db.kysely.selectFrom('audit_outlets').select('due_at').executeTakeFirstOrThrow();
      dueAfter.push(due_at - log.clock.now);
      log.clock.now = due_at;
    }
    expect(dueAfter[0]).toBeLessThanOrEqual(1_000);
    expect(dueAfter.every((ms) => ms >= 750 && ms <= MINUTE)).toBe(true);
    expect(dueAfter[7]).toBeGreaterThanOrEqual(45_000);
  });

  it('are told everything once and in order, however many processes do it', async () => {
    const { posts, url } = await startReceiver();
    const log = await newLog();
    const anchors = await Promise.all([1, 2, 3, 4].map(() => log.anchor({ type: 'webhook', url })));
    await log.sign(20);
    while (posts.length < 20) await Promise.all(anchors.map((anchor) => anchor.once()));
    await Promise.all(anchors.map((anchor) => anchor.once()));
    expect(posts.map(({ body }) => body.number)).toEqual(log.notes.map((_, index) => index + 1));
  });

  it('begin with the newest checkpoint when they are new', async () => {
    const path = join(privateFolder('anchor'), 'checkpoints.txt');
    const log = await newLog();
    await log.sign(3);
    const anchor = await log.anchor({ type: 'file', path });
    await anchor.tell();
    expect(readFileSync(path, 'utf8')).toBe(`${log.notes[2]}\n`);
  });

  describe('notice a log that was set back', () => {
    it('in a file', async () => {
      const path = join(privateFolder('anchor'), 'checkpoints.txt');
      const first = await newLog();
      await first.sign(5);
      appendFileSync(path, first.notes.map((note) => `${note}\n`).join(''));
      // An older copy of the database goes on from its checkpoint 0.
      const restored = await newLog();
      const anchor = await restored.anchor({ type: 'file', path });
      await restored.sign();
      await anchor.tell();
      expect(restored.warnings).toEqual([expect.stringContaining('another checkpoint 1 is there already')]);
      expect(readFileSync(path, 'utf8')).toBe(first.notes.map((note) => `${note}\n`).join(''));
    });

    it('in an S3 bucket', async () => {
      const s3 = await startS3Server();
      onTestFinished(() => s3.close());
      const first = await newLog();
      const before = await first.anchor({ type: 's3', url: s3.url, ...ACCESS });
      await first.sign(5);
      await before.tell();
      const restored = await newLog();
      const anchor = await restored.anchor({ type: 's3', url: s3.url, ...ACCESS });
      await restored.sign();
      await anchor.tell();
      expect(restored.warnings).toEqual([expect.stringContaining('another checkpoint 1 is there already')]);
      expect([...s3.objects.values()]).toEqual(first.notes);
    });
  });

  it.each([
    [{ type: 'fax' }, '/audit/anchors/0/type must be one of file, webhook, s3, syslog'],
    [{ type: 'file' }, '/audit/anchors/0/path is missing'],
    [
      { type: 's3', url: 'https://s3.example.com/b/', access_key_id: 'a' },
      '/audit/anchors/0/secret_access_key is missing',
    ],
    [{ type: 'file', path: 'x', colour: 'red' }, '/audit/anchors/0/colour is not known'],
  ])('are refused at start where they are wrong: %j', async (config, message) => {
    const log = await newLog();
    await expect(log.anchor(config)).rejects.toThrow(`countersign.yaml: ${message}`);
  });
});
