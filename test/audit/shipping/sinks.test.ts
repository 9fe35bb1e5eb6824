import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { createSealer } from '../../../src/audit/log/sealer.ts';
import type { OutletConfig } from '../../../src/audit/outlets.ts';
import { openSinks } from '../../../src/audit/shipping/open-sinks.ts';
import { eventually } from '../../countersign-process.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { makeCertificate } from '../../rig/certificate.ts';
import { privateFolder } from '../../rig/stores.ts';
import { startSyslogServer } from '../anchors/syslog-server.ts';
import { insertSome } from '../log/insert-some-events.ts';

const START = Date.parse('2027-01-15T08:00:00.000Z');
const DAY = 86_400_000;
const RECEIVER = fileURLToPath(new URL('receiver-process.ts', import.meta.url));
const SYSLOG = /^<(\d+)>1 (\S+) (\S+) countersign (\d+) (\S+) - (.*)$/s;

await onEachDialect('sinks', (databases) => {
  async function newLog() {
    const db = await databases.open();
    const clock = { now: START };
    const warnings: string[] = [];
    const log = {
      info: (_: object, message: string) => warnings.push(message),
      warn: ({ err }: { err?: Error }) => warnings.push(String(err?.message)),
    };
    return {
      db,
      clock,
      warnings,
      async add(count: number, event = {}) {
        await insertSome(db, count, { at: clock.now, ...event });
        await createSealer(db).sealAll();
      },
      async open(...configs: (Omit<OutletConfig, 'name'> & { name?: string })[]) {
        const registry = new Registry();
        const named = configs.map((config) => ({ name: 'siem', ...config }) as OutletConfig);
        const sinks = await openSinks(named, { db, now: () => clock.now, log, registry, file: 'countersign.yaml' });
        onTestFinished(() => sinks.stop());
        const outlet = (name = 'siem') => {
          const found = sinks.outlets.get(name);
          if (!found) throw new Error('no such sink');
          return found;
        };
        return {
          sinks,
          metrics: () => registry.metrics(),
          state: (name?: string) => outlet(name).state(),
          once: (name?: string) => outlet(name).tellNext(clock.now),
          /** All that can be shipped. */
          async ship(name?: string) {
            while (await outlet(name).tellNext(clock.now));
          },
        };
      },
    };
  }

  const indexOf = (message: string) => JSON.parse(SYSLOG.exec(message)?.[6] ?? '').log_index as number;
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

  it('each event arrives once, in order, as RFC 5424 with its leaf', async () => {
    const log = await newLog();
    const server = await startSyslogServer();
    onTestFinished(() => server.close());
    await log.add(1_203, { data: { channel: 'sms', note: 'Zoë – 💥\n' } });
    const { ship } = await log.open({ type: 'syslog', host: '127.0.0.1', port: server.port, tls: false });
    await ship();
    expect(server.messages.map(indexOf)).toEqual(upTo(1_203));
    const [, priority, at, , , id, json = ''] = SYSLOG.exec(server.messages[7] ?? '') ?? [];
    expect([priority, at, id]).toEqual(['110', '2027-01-15T08:00:00.000Z', 'verification.created']);
    expect(json).toMatch(/^[ -~]*$/);
    expect(JSON.parse(json)).toMatchObject({
      log_index: 7,
      id: expect.stringMatching(/^evt_/),
      data: { note: 'Zoë – 💥\n' },
      leaf: { hash: expect.any(String), commitment: expect.any(String), salt: expect.any(String) },
    });
    await log.add(2);
    await ship();
    expect(server.messages.map(indexOf)).toEqual(upTo(1_205));
  });

  it('over TLS to a server of a trusted authority, and to no other', async () => {
    const log = await newLog();
    const certificate = makeCertificate();
    const server = await startSyslogServer(certificate);
    onTestFinished(() => server.close());
    await log.add(3);
    const target = { type: 'syslog', host: '127.0.0.1', port: server.port };
    const { ship } = await log.open(
      { ...target, name: 'stranger' },
      { ...target, ca: certificate.cert, format: 'cef' },
    );
    await ship('stranger');
    expect(server.messages).toEqual([]);
    expect(log.warnings).toHaveLength(1);
    await ship();
    expect(server.messages).toHaveLength(3);
    expect(server.messages[0]).toContain(' - CEF:0|Countersign|');
  });

  it('a receiver that is away for days gets all it missed, in order, after whatever restarts', async () => {
    const log = await newLog();
    const server = await startSyslogServer();
    const config = { type: 'syslog', host: '127.0.0.1', port: server.port, tls: false };
    await log.add(10);
    await (await log.open(config)).ship();
    server.cut(true);
    const during = await log.open(config);
    for (let day = 1; day <= 4; day += 1) {
      log.clock.now = START + day * DAY;
      await log.add(300);
      await during.ship();
    }
    expect(server.messages).toHaveLength(10);
    // One warning, however often it was tried.
    expect(log.warnings).toHaveLength(1);
    expect(await during.state()).toMatchObject({ next: 10, behind: 1_200 });
    expect(await during.metrics()).toMatch(/countersign_audit_sink_behind\{sink="siem"\} 1200/);
    expect(await during.metrics()).toMatch(/countersign_audit_sink_lag_seconds\{sink="siem"\} 259200/);
    server.cut(false);
    log.clock.now += 60_000;
    const after = await log.open(config);
    await after.ship();
    expect(server.messages.map(indexOf)).toEqual(upTo(1_210));
    expect(log.warnings.at(-1)).toBe('an outlet of the audit log works again');
    expect(await after.metrics()).toMatch(/countersign_audit_sink_lag_seconds\{sink="siem"\} 0/);
    await server.close();
  });

  it('a receiver that is killed in the middle of a portion misses nothing', async () => {
    const log = await newLog();
    await log.add(800);
    const file = join(privateFolder('siem'), 'messages');
    async function startReceiver(port: number, hangsAfter = 'never') {
      const args = [RECEIVER, String(port), file, hangsAfter];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void child.kill('SIGKILL'));
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk;
      });
      const listening = await eventually(async () => /port (\d+)/.exec(out)?.[1]);
      return { child, port: Number(listening), hangs: () => eventually(async () => out.includes('hangs')) };
    }
    const first = await startReceiver(0, '123');
    const { once, ship, state } = await log.open({ type: 'syslog', host: '127.0.0.1', port: first.port, tls: false });
    const shipping = once();
    await first.hangs();
    first.child.kill('SIGKILL');
    expect(await shipping).toBe(false);
    expect(await state()).toMatchObject({ next: 0, behind: 800 });
    await startReceiver(first.port);
    log.clock.now += 60_000;
    await ship();
    const indexes = readFileSync(file, 'utf8').trimEnd().split('\n').map(indexOf);
    // What it had read is sent again; an id tells.
    expect(indexes).toEqual([...upTo(123), ...upTo(800)]);
  });

  it('of several processes one ships at a time', async () => {
    const log = await newLog();
    const server = await startSyslogServer();
    onTestFinished(() => server.close());
    const config = { type: 'syslog', host: '127.0.0.1', port: server.port, tls: false };
    const others = await Promise.all([log.open(config), log.open(config), log.open(config)]);
    await log.add(1_700);
    while (server.messages.length < 1_700) await Promise.all(others.map(({ ship }) => ship()));
    expect(server.messages.map(indexOf)).toEqual(upTo(1_700));
  });

  it('runs by itself, and ends within its time', async () => {
    const log = await newLog();
    const server = await startSyslogServer();
    onTestFinished(() => server.close());
    const { sinks } = await log.open({ type: 'syslog', host: '127.0.0.1', port: server.port, tls: false });
    sinks.start();
    await log.add(20);
    await eventually(async () => server.messages.length === 20);
    await sinks.stop();
  });

  async function startHttp(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
    const server = createServer(async (request, response) => answer(request, response, await readText(request)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/ingest`;
  }

  it('posts NDJSON; what is not answered with 2xx is posted again', async () => {
    const log = await newLog();
    const got: { lines: number[]; headers: IncomingMessage['headers'] }[] = [];
    const answers = [500, 302, 429, 413];
    const url = await startHttp((request, response, body) => {
      const status = answers.shift() ?? 200;
      const lines = body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).metadata.sequence);
      if (status === 200) got.push({ lines, headers: request.headers });
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    await log.add(700);
    const { ship } = await log.open({ type: 'http', url, format: 'ocsf', headers: { authorization: 'Bearer x' } });
    for (let more = 0; more < 5; more += 1) {
      await ship();
      log.clock.now += 60_000;
    }
    expect(got.flatMap(({ lines }) => lines)).toEqual(upTo(700));
    expect(got[0]?.headers).toMatchObject({ authorization: 'Bearer x', 'content-type': 'application/x-ndjson' });
  });

  it('a portion that is too much for the receiver becomes smaller until it is not', async () => {
    const log = await newLog();
    const got: number[] = [];
    const url = await startHttp((_, response, body) => {
      const lines = body.trimEnd().split('\n');
      if (lines.length > 40) return void response.writeHead(413).end();
      got.push(...lines.map((line) => JSON.parse(line).log_index));
      response.end();
    });
    await log.add(150);
    const { ship } = await log.open({ type: 'http', url });
    for (let more = 0; got.length < 150 && more < 40; more += 1) {
      await ship();
      log.clock.now += 60_000;
    }
    expect(got).toEqual(upTo(150));
  });

  it('one that hangs delays no other', async () => {
    const log = await newLog();
    const held: ServerResponse[] = [];
    const url = await startHttp((_, response) => held.push(response));
    const server = await startSyslogServer();
    onTestFinished(() => server.close());
    await log.add(5);
    const target = { type: 'syslog', host: '127.0.0.1', port: server.port, tls: false };
    const { once, ship, sinks } = await log.open({ name: 'slow', type: 'http', url }, target);
    const slow = once('slow');
    await eventually(async () => held.length === 1);
    await ship();
    expect(server.messages).toHaveLength(5);
    // And not the end of the process either.
    await sinks.stop();
    expect(await slow).toBe(false);
  });

  it('a new one begins with the first event, or with the next one', async () => {
    const log = await newLog();
    const server = await startSyslogServer();
    onTestFinished(() => server.close());
    await log.add(5);
    const target = { type: 'syslog', host: '127.0.0.1', port: server.port, tls: false };
    const { ship } = await log.open({ ...target, name: 'late', from: 'now' }, target);
    await ship('late');
    expect(server.messages).toEqual([]);
    await log.add(1);
    await ship('late');
    expect(server.messages.map(indexOf)).toEqual([5]);
    await ship();
    expect(server.messages.map(indexOf)).toEqual([5, 0, 1, 2, 3, 4, 5]);
  });

  it('an event that is gone before it was sent leaves its place', async () => {
    const log = await newLog();
    const server = await startSyslogServer();
    onTestFinished(() => server.close());
    await log.add(3);
    const second = log.db.kysely.selectFrom('audit_leaves').select('event_id').where('log_index', '=', 1);
    await log.db.kysely.deleteFrom('events').where('id', '=', second).execute();
    const { ship } = await log.open({ type: 'syslog', host: '127.0.0.1', port: server.port, tls: false });
    await ship();
    expect(server.messages.map(indexOf)).toEqual([0, 1, 2]);
    expect(JSON.parse(SYSLOG.exec(server.messages[1] ?? '')?.[6] ?? '')).toMatchObject({ deleted: true });
  });

  it.each<[string, Omit<OutletConfig, 'name'>]>([
    ['/type must be one of syslog, http', { type: 'pigeon' }],
    ['/type must be one of syslog, http', { type: 'toString' }],
    ['/host', { type: 'syslog' }],
    ['/format', { type: 'http', url: 'https://siem.example.com', format: 'xml' }],
    ['/url', { type: 'http', url: 'ftp://siem.example.com' }],
    ['', { type: 'syslog', host: 'a', unknown: 1 }],
  ])('a configuration that cannot be meant is refused with its place: %s', async (what, config) => {
    const log = await newLog();
    await expect(log.open(config)).rejects.toThrow(`countersign.yaml: /audit/sinks/0${what}`);
  });

  it('two sinks of one name are refused', async () => {
    const log = await newLog();
    const config = { type: 'syslog', host: 'a' };
    await expect(log.open(config, config)).rejects.toThrow('/audit/sinks/1/name is the name of another sink');
  });
});
