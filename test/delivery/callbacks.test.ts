import { expect, test } from 'vitest';
import { type CallbackDeps, takeCallback } from '../../src/delivery/callbacks.ts';
import type { CallbackResult, Provider } from '../../src/delivery/provider.ts';
import { callback } from './providers/provider-rig.ts';

function open(result: CallbackResult, over: Partial<CallbackDeps> = {}) {
  const kept: unknown[] = [];
  const lines: string[] = [];
  const log = (facts: object, text: string) => lines.push(JSON.stringify(facts) + text);
  const provider: Provider = {
    name: 'main',
    channels: ['voice'],
    send: async () => ({ kind: 'accepted', providerId: 'x' }),
    callbacks: { voice: async () => result },
  };
  const deps: CallbackDeps = {
    providers: new Map([['main', provider]]),
    receive: async (...given) => void kept.push(given),
    takeInbound: async (...given) => void kept.push(given),
    metrics: { calledBack: (...given) => void lines.push(given.join(' ')) },
    log: { debug: log, info: log, warn: log, error: log },
    ...over,
  };
  return { take: () => takeCallback(deps, 'main', 'voice', callback('voice', { body: 'secret=012345' })), kept, lines };
}

test('the carrier gets the answer of its provider, after what it said is kept', async () => {
  const answer = { status: 200, contentType: 'text/xml', body: '<Response/>' };
  const receipt = { providerId: 'x', status: 'delivered' } as const;
  const { take, kept } = open({ kind: 'taken', receipts: [receipt], answer });
  expect(await take()).toEqual({ kind: 'taken', answer });
  expect(kept).toEqual([
    ['main', [receipt]],
    ['main', []],
  ]);
});

test('what cannot be kept is not taken: the carrier comes again', async () => {
  const receive = () => Promise.reject(new Error('the database is away'));
  await expect(open({ kind: 'taken' }, { receive }).take()).rejects.toThrow('away');
});

test('who is on the telephone hears what is to be said, whatever becomes of the receipt', async () => {
  const receive = () => Promise.reject(new Error('the database is away'));
  const answer = { status: 200, contentType: 'text/xml', body: '<Response><Say>4, 9, 3</Say></Response>' };
  const receipts = [{ providerId: 'x', status: 'delivered' } as const];
  const { take, lines } = open({ kind: 'taken', receipts, answer }, { receive });
  expect(await take()).toEqual({ kind: 'taken', answer });
  expect(lines.join('\n')).toContain('could not be kept');
  expect(lines.join('\n')).not.toContain('4, 9, 3');
});

test.each(['unauthenticated', 'unreadable'] as const)('%s: nothing is kept, the body is not logged', async (kind) => {
  const { take, kept, lines } = open({ kind, why: 'no signature' });
  expect(await take()).toEqual({ kind });
  expect(kept).toEqual([]);
  expect(lines.join('\n')).toContain('no signature');
  expect(lines.join('\n')).not.toContain('012345');
});
