import { afterEach, beforeEach, expect, type Mock, test, vi } from 'vitest';
import { createSandbox } from '../../src/delivery/providers/sandbox.ts';
import { createSandboxStreams, type SandboxStreams } from '../../src/delivery/sandbox-stream.ts';

const scope = { project: 'prj_a', mode: 'test' } as const;
const allowed = async () => true;
/** Several of what a stream does from time to time. */
const WHILE_MS = 60_000;

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

/** Nothing is asked or written any more. Timers are not counted: others in this process may have set some. */
async function expectOver(stream: ReturnType<SandboxStreams['open']>, asked: Mock): Promise<void> {
  await new Promise(setImmediate);
  if (!stream?.destroyed) throw new Error('the stream is open');
  asked.mockClear();
  const written = vi.spyOn(stream, 'push');
  await vi.advanceTimersByTimeAsync(WHILE_MS);
  expect(asked).not.toHaveBeenCalled();
  expect(written).not.toHaveBeenCalled();
  expect(stream.errored).toBe(null);
}

test('a quiet stream shows that it lives', async () => {
  const { streams } = open();
  const isAllowed = vi.fn(allowed);
  const stream = streams.open(scope, isAllowed);
  const text = stream && readAll(stream);
  await vi.advanceTimersByTimeAsync(300_000);
  streams.closeAll();
  expect((await text)?.match(/: still here/g)?.length).toBe(20);
  await expectOver(stream, isAllowed);
});

test('a stream ends within half a second of its reader being no longer allowed, and shows nothing after that', async () => {
  const { streams, reply } = open();
  let isAllowed = true;
  const asked = vi.fn(async () => isAllowed);
  const stream = streams.open(scope, asked);
  const text = stream && readAll(stream);
  await vi.advanceTimersByTimeAsync(10_000);
  reply('before');
  isAllowed = false;
  await vi.advanceTimersByTimeAsync(500);
  reply('after');
  expect(await text).toMatch(/before(?!.*after)/s);
  await expectOver(stream, asked);
});

test('a reader that does not read is dropped before it costs memory', async () => {
  const { streams, reply } = open();
  const isAllowed = vi.fn(allowed);
  const stream = streams.open(scope, isAllowed);
  for (let n = 0; n < 1_000 && !stream?.destroyed; n++) reply('x'.repeat(1_600));
  expect(stream?.destroyed).toBe(true);
  await expectOver(stream, isAllowed);
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
