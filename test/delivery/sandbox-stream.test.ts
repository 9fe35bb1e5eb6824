import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSandbox } from '../../src/delivery/providers/sandbox.ts';
import { createSandboxStreams } from '../../src/delivery/sandbox-stream.ts';

const scope = { project: 'prj_a', mode: 'test' } as const;
const allowed = async () => true;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function open() {
  const sandbox = createSandbox(() => 0);
  const streams = createSandboxStreams({ sandbox, present: ({ text }) => ({ text }) });
  const reply = (text: string) => sandbox.reply({ ...scope, from: '+33612345678', to: 'Acme', text });
  return { streams, reply };
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

test('a quiet stream shows that it lives', async () => {
  const { streams } = open();
  const stream = streams.open(scope, allowed);
  const text = stream && readAll(stream);
  await vi.advanceTimersByTimeAsync(300_000);
  streams.closeAll();
  expect((await text)?.match(/: still here/g)?.length).toBe(20);
  expect(vi.getTimerCount()).toBe(0);
});

test('a stream ends within half a second of its reader being no longer allowed, and shows nothing after that', async () => {
  const { streams, reply } = open();
  let isAllowed = true;
  const stream = streams.open(scope, async () => isAllowed);
  const text = stream && readAll(stream);
  await vi.advanceTimersByTimeAsync(10_000);
  reply('before');
  isAllowed = false;
  await vi.advanceTimersByTimeAsync(500);
  reply('after');
  expect(await text).toMatch(/before(?!.*after)/s);
  expect(vi.getTimerCount()).toBe(0);
});

test('a reader that does not read is dropped before it costs memory', async () => {
  const { streams, reply } = open();
  const stream = streams.open(scope, allowed);
  for (let n = 0; n < 1_000 && !stream?.destroyed; n++) reply('x'.repeat(1_600));
  expect(stream?.destroyed).toBe(true);
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0));
  expect(() => reply('after')).not.toThrow();
});

test('a message that comes between the end and the close harms nobody', () => {
  const { streams, reply } = open();
  const stream = streams.open(scope, allowed);
  streams.closeAll();
  streams.closeAll();
  reply('late');
  expect(stream?.errored).toBe(null);
});

test('at most a hundred streams, whoever opens them', () => {
  const { streams } = open();
  const opened = Array.from({ length: 120 }, (_, n) => streams.open({ project: `prj_${n}`, mode: 'test' }, allowed));
  expect(opened.filter(Boolean)).toHaveLength(100);
  streams.closeAll();
});
