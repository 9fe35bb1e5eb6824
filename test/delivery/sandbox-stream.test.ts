import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSandbox } from '../../src/delivery/providers/sandbox.ts';
import { createSandboxStreams } from '../../src/delivery/sandbox-stream.ts';

const scope = { project: 'prj_a', mode: 'test' } as const;

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

test('a quiet stream shows that it lives, and ends after five minutes so that its key is checked again', async () => {
  const stream = open().streams.open(scope);
  const text = stream && readAll(stream);
  vi.advanceTimersByTime(300_000);
  expect((await text)?.match(/: still here/g)?.length).toBeGreaterThanOrEqual(19);
  expect(vi.getTimerCount()).toBe(0);
});

test('a reader that does not read is dropped before it costs memory', async () => {
  const { streams, reply } = open();
  const stream = streams.open(scope);
  for (let n = 0; n < 1_000 && !stream?.destroyed; n++) reply('x'.repeat(1_600));
  expect(stream?.destroyed).toBe(true);
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0));
  expect(() => reply('after')).not.toThrow();
});

test('a message that comes between the end and the close harms nobody', () => {
  const { streams, reply } = open();
  const stream = streams.open(scope);
  streams.closeAll();
  streams.closeAll();
  reply('late');
  expect(stream?.errored).toBe(null);
});

test('at most a hundred streams, whoever opens them', () => {
  const { streams } = open();
  const opened = Array.from({ length: 120 }, (_, n) => streams.open({ project: `prj_${n}`, mode: 'test' }));
  expect(opened.filter(Boolean)).toHaveLength(100);
  streams.closeAll();
});
