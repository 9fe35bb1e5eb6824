import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCountersign } from '../countersign-process.ts';
import { FROM_SOURCE } from '../from-source.ts';
import { freshDatabase, privateFolder } from '../rig/stores.ts';
import { newNumber } from '../service.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

describe('countersign audit, as a security team would use it', () => {
  let folder: string;
  let env: Record<string, string>;
  const at = (name: string) => join(folder, name);

  async function run(args: string[], own: Record<string, string> = env) {
    const child = spawn(process.execPath, [...FROM_SOURCE, CLI, 'audit', ...args], {
      env: { PATH: process.env.PATH, ...own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code, out, err };
  }

  /** An auditor has files, and nothing else. */
  const verify = (...args: string[]) => run(['verify', '--export', at('log.ndjson'), ...args], {});

  beforeAll(async () => {
    folder = privateFolder('auditor');
    const { url } = await freshDatabase('sqlite');
    const config = { audit: { checkpoint_seconds: 1, anchors: [{ name: 'disk', type: 'file', path: at('notes') }] } };
    writeFileSync(at('config.json'), JSON.stringify(config));
    env = {
      DATABASE_URL: url,
      COUNTERSIGN_SECRET: randomBytes(32).toString('base64'),
      COUNTERSIGN_API_KEY: `cs_live_${randomBytes(24).toString('base64url')}`,
      COUNTERSIGN_CONFIG: at('config.json'),
    };
    const service = await startCountersign(env);
    for (let more = 0; more < 3; more += 1) await service.call('POST', '/v1/verifications', { to: newNumber() });
    await eventually(async () => /\n(?:9|\d\d)\n/.test(readNotes()));
    for (const [path, file] of [
      ['keys', 'keys.json'],
      ['checkpoints?limit=100', 'checkpoints.json'],
    ] as const) {
      const { body } = await service.call('GET', `/v1/audit/${path}`);
      writeFileSync(at(file), JSON.stringify(body));
    }
    const [{ verifier }] = JSON.parse(readFileSync(at('keys.json'), 'utf8')).data;
    writeFileSync(at('keys.txt'), `# kept since the first day\n${verifier}\n`);
    await service.stop();
    const exported = await run(['export']);
    expect(exported, exported.err).toMatchObject({ code: 0, err: '' });
    writeFileSync(at('log.ndjson'), exported.out);
  });

  function readNotes(): string {
    try {
      return readFileSync(at('notes'), 'utf8');
    } catch {
      return '';
    }
  }

  it('proves the log of the whole installation by files alone', async () => {
    const { code, out, err } = await verify('--checkpoints', at('notes'), '--keys', at('keys.txt'));
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^VERIFIED: the log is as it was sealed\n/);
  });

  it('takes checkpoints and keys as the API answers them, and a key as it is', async () => {
    const byApi = await verify('--checkpoints', at('checkpoints.json'), '--keys', at('keys.json'), '--json');
    expect(JSON.parse(byApi.out)).toMatchObject({ verdict: 'proven', found: 0 });
    const [, key = ''] = readFileSync(at('keys.txt'), 'utf8').split('\n');
    expect((await verify('--checkpoints', at('notes'), '--keys', key)).code).toBe(0);
  });

  it('says which row somebody changed, with an exit code of its own', async () => {
    const lines = readFileSync(at('log.ndjson'), 'utf8').split('\n');
    const index = lines.findIndex((line) => line.includes('verification.sent'));
    const changed = lines.with(index, (lines[index] ?? '').replace('verification.sent', 'verification.read'));
    writeFileSync(at('changed.ndjson'), changed.join('\n'));
    const files = ['--checkpoints', at('notes'), '--keys', at('keys.txt')];
    const { code, out } = await run(['verify', '--export', at('changed.ndjson'), ...files], {});
    expect(code).toBe(3);
    expect(out).toContain(`CHANGED: the log is not as it was sealed\nfirst bad row: ${index}\n`);
    expect(out).toContain(`changed ${index}: the event is not what was sealed`);
  });

  it('proves nothing without checkpoints, and says so', async () => {
    const { code, out } = await verify();
    expect(code).toBe(4);
    expect(out).toMatch(/^NOT PROVEN/);
  });

  it.each<[string, string[], number, string]>([
    ['no file', ['verify'], 2, 'needs --export FILE'],
    ['a file that is not there', ['verify', '--export', '/nowhere'], 1, 'ENOENT'],
    ['checkpoints without a key', ['verify', '--export', '/nowhere', '--checkpoints', '/nowhere'], 2, 'needs --keys'],
    ['a key that is none', ['verify', '--export', '/nowhere', '--keys', 'nonsense'], 2, 'has no key in it'],
    ['another format', ['export', '--format', 'xml'], 2, '--format must be one of ndjson, csv, ocsf, cef'],
    ['no time', ['export', '--since', 'yesterday'], 2, '--since must be a time'],
    ['no index', ['export', '--cursor', 'x'], 2, '--cursor must be a log index'],
    ['another mode', ['export', '--project', 'prj_1', '--mode', 'prod'], 2, '--mode must be live or test'],
  ])('%s is misuse, or a failure', async (_, args, code, why) => {
    const result = await run(args);
    expect([result.code, result.out]).toEqual([code, '']);
    expect(result.err).toContain(why);
  });

  it('exports one project, a part, or another format', async () => {
    const rows = readFileSync(at('log.ndjson'), 'utf8').trimEnd().split('\n');
    const { project } = JSON.parse(rows.at(-1) ?? '');
    const csv = await run(['export', '--format', 'csv', '--project', project]);
    expect(csv.out.split('\r\n').length).toBeGreaterThan(rows.length);
    const none = await run(['export', '--project', project, '--mode', 'test']);
    writeFileSync(at('hidden.ndjson'), none.out);
    const files = ['--checkpoints', at('notes'), '--keys', at('keys.txt')];
    expect((await run(['verify', '--export', at('hidden.ndjson'), '--partial', ...files], {})).code).toBe(0);
    expect((await run(['verify', '--export', at('hidden.ndjson'), ...files], {})).code).toBe(3);
    const rest = await run(['export', '--cursor', '3']);
    expect(JSON.parse(rest.out.split('\n')[0] ?? '')).toMatchObject({ log_index: 4 });
  });
});
