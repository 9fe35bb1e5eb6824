import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/http/access-log.ts';
import { json, KEY, probeApp } from './probe-app.ts';

/** What a logger writes, line by line. */
function recorder() {
  const lines: string[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(line) } };
}

describe('the access log', () => {
  it('has one line for each request, with the route’s pattern and no word of the caller’s', async () => {
    const { lines, destination } = recorder();
    const app = await probeApp({ log: destination });
    const answers = [
      await app.inject({ method: 'POST', url: '/v1/echo', headers: json, payload: { code: '987654' } }),
      await app.inject({ method: 'POST', url: '/v1/echo', headers: json, payload: '{"code":"987654"' }),
      await app.inject({ url: '/v1/things?q=%2B33612345678', headers: json }),
      await app.inject({ url: '/v1/things/thing_001?to=33612345678' }),
      await app.inject('/v1/phones/+33612345678'),
    ];
    await app.close();
    const written = lines.map((line) => JSON.parse(line));
    expect(written).toHaveLength(5);
    expect(written.map(({ request_id }) => request_id)).toEqual(answers.map(({ headers }) => headers['x-request-id']));
    expect(written.map(({ method, route, status, key }) => [method, route, status, key])).toEqual([
      ['POST', '/v1/echo', 200, 'key_a'],
      ['POST', '/v1/echo', 400, 'key_a'],
      ['GET', '/v1/things', 200, 'key_a'],
      ['GET', '/v1/things/:id', 401, undefined],
      ['GET', null, 404, undefined],
    ]);
    expect(written[0]).toMatchObject({
      level: 'info',
      msg: 'request',
      ms: expect.any(Number),
      time: expect.stringMatching(/Z$/),
    });
    expect(lines.join('')).not.toMatch(/987654|33612345678|Bearer|cs_live/);
  });

  it('tells what went wrong inside, without numbers and keys', async () => {
    const { lines, destination } = recorder();
    const app = await probeApp({ log: destination });
    const { headers } = await app.inject('/v1/fail/bug');
    await app.inject('/v1/fail/store');
    await app.close();
    const [bug, , store] = lines.map((line) => JSON.parse(line));
    expect(bug).toMatchObject({
      level: 'error',
      request_id: headers['x-request-id'],
      err: { type: 'Error', message: 'select * from secrets where number = [number] at /srv/app/src/x.ts:12' },
    });
    expect(store).toMatchObject({
      level: 'warn',
      err: { type: 'StoreUnavailable', cause: { message: 'connect ECONNREFUSED 10.1.2.3:6379' } },
    });
  });
});

describe('the logger', () => {
  it('keeps of an error only what cannot hold data', () => {
    const { lines, destination } = recorder();
    const log = createLogger({ level: 'info', destination });
    const error = Object.assign(new Error(`bad key ${KEY} of +33612345678`, { cause: { detail: '+33612345678' } }), {
      code: '23505',
      detail: 'Key (recipient)=(+33612345678) already exists.',
      parameters: ['+33612345678', '987654'],
      command: { name: 'evalsha', args: ['987654'] },
    });
    log.error({ err: error }, 'failed');
    const [line] = lines.map((text) => JSON.parse(text));
    expect(line.err).toMatchObject({ code: '23505', message: 'bad key cs_live_[redacted] of [number]' });
    expect(lines.join('')).not.toMatch(/33612345678|987654|aaaaaaaa/);
  });

  it('never writes headers or bodies of requests it is handed', () => {
    const { lines, destination } = recorder();
    const log = createLogger({ level: 'info', destination });
    log.info({ req: { headers: { authorization: KEY }, body: { code: '987654' } }, res: { code: '987654' } }, 'x');
    expect(lines.join('')).not.toMatch(/cs_live|987654/);
  });
});
