import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createOpenExports } from '../../../src/audit/export/open-exports.ts';
import { eventually } from '../../countersign-process.ts';
import { newSecret } from '../../projects/new-secret.ts';
import { openTestService } from '../../service.ts';
import { insertSome } from '../log/insert-some-events.ts';

/** Pages without end, and how many were read. */
function countedPages() {
  const counter = { read: 0, ended: false };
  async function* pages() {
    try {
      for (;;) {
        counter.read += 1;
        yield 'x'.repeat(100_000);
      }
    } finally {
      counter.ended = true;
    }
  }
  return { counter, pages: pages() };
}

const allowed = async () => true;

it('reads no further than its reader does, and stops when that is gone', async () => {
  const { counter, pages } = countedPages();
  const stream = createOpenExports().open(pages, allowed);
  if (!stream) throw new Error('refused');
  for (let more = 0; more < 20; more += 1) await nextTurn();
  expect(counter.read).toBe(0);
  await once(stream, 'readable');
  stream.read();
  for (let more = 0; more < 20; more += 1) await nextTurn();
  expect(counter.read).toBeLessThanOrEqual(3);
  stream.destroy();
  await eventually(async () => counter.ended);
});

it('breaks off, without a proper end, when the key may no longer export', async () => {
  let may = true;
  const { counter, pages } = countedPages();
  const stream = createOpenExports().open(pages, async () => may);
  if (!stream) throw new Error('refused');
  let taken = 0;
  await expect(async () => {
    for await (const _ of stream) {
      taken += 1;
      if (taken === 3) may = false;
    }
  }).rejects.toThrow('the key may no longer export');
  expect(taken).toBeLessThan(6);
  expect(counter.ended).toBe(true);
});

it('a reader that takes nothing any more is cut off, and leaves its place to others', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const exports = createOpenExports();
  const open = () => exports.open(countedPages().pages, allowed);
  const streams = Array.from({ length: 8 }, open);
  for (const stream of streams) stream?.on('error', () => {});
  expect(streams).not.toContain(null);
  expect(open()).toBeNull();
  vi.advanceTimersByTime(61_000);
  await Promise.all(streams.map((stream) => stream?.destroyed || once(stream as never, 'close')));
  await nextTurn();
  expect(open()).not.toBeNull();
});

it('over a connection: whoever goes away in the middle takes nothing with them', async () => {
  const api = await openTestService('embedded', { key: newSecret('live') });
  onTestFinished(() => api.close());
  const project = api.services.firstProject.id;
  await insertSome(api.services.db, 1_500, { project, at: api.clock.now });
  await api.services.auditLog.sealer.sealAll();
  const { port } = new URL(await api.app.listen({ port: 0 }));
  for (let more = 0; more < 12; more += 1) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET /v1/audit/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\n\r\n`);
    const [first] = await once(socket, 'data');
    expect(String(first)).toContain('HTTP/1.1 200 OK');
    socket.destroy();
  }
  const whole = await eventually(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/audit/export`, {
      headers: { authorization: `Bearer ${api.key}` },
    });
    return response.status === 200 ? response.text() : response.body?.cancel().then(() => null);
  });
  expect(whole.trimEnd().split('\n').length).toBeGreaterThan(1_500);
});
