import { expect, it } from 'vitest';
import type { InboundMessage } from '../../../src/delivery/provider.ts';
import { createInbound } from '../../../src/delivery/smpp/inbound.ts';
import { createInboundIds } from '../../../src/delivery/smpp/inbound-ids.ts';
import { createMessageIds } from '../../../src/delivery/smpp/message-id.ts';
import type { DeliverSm } from '../../../src/delivery/smpp/read-pdu.ts';
import { type Collected, createReassembly, type InboundPart } from '../../../src/delivery/smpp/reassembly.ts';

const ALIVE = { isBound: () => true };
const DEAD = { isBound: () => false };
const SILENT = { info: () => {}, warn: () => {}, error: () => {} };
const MINUTE = 60_000;

function message(octets: Buffer | string, esmClass = 0): DeliverSm {
  const address = { ton: 1, npi: 1, address: '33612345678' };
  return {
    source: address,
    destination: address,
    esmClass,
    dataCoding: 0,
    shortMessage: Buffer.from(octets),
    tlvs: new Map(),
  };
}

const part = (reference: number, total: number, number: number, text: string) =>
  message(Buffer.concat([Buffer.from([5, 0, 3, reference, total, number]), Buffer.from(text)]), 0x40);

function start(partAnswerMs = 0) {
  const stored: InboundMessage[] = [];
  const state = { now: 0, fails: false };
  const inbound = createInbound({
    sink: {
      receipt: async () => {},
      async inbound(found) {
        if (state.fails) throw new Error('the database is down');
        if (!stored.some(({ providerId }) => providerId === found.providerId)) stored.push(found);
      },
    },
    receiptForm: { messageIds: createMessageIds('auto'), defaultAlphabet: 'gsm7', utcOffsetMinutes: null },
    reassemblyMs: 10 * MINUTE,
    partAnswerMs,
    now: () => state.now,
    log: SILENT,
  });
  return { inbound, stored, state, texts: () => stored.map(({ text }) => text) };
}

it('the same text twice over a living bind is two messages', async () => {
  const { inbound, texts } = start();
  await inbound.take(message('ok'), ALIVE);
  await inbound.take(message('ok'), ALIVE);
  expect(texts()).toEqual(['ok', 'ok']);
});

it('the same again after its bind died is the same message', async () => {
  const { inbound, texts } = start();
  await inbound.take(message('ok'), DEAD);
  await inbound.take(message('ok'), ALIVE);
  expect(texts()).toEqual(['ok']);
});

it('what could not be stored is the same message when it comes again', async () => {
  const { inbound, state, stored } = start();
  state.fails = true;
  await expect(inbound.take(message('ok'), ALIVE)).rejects.toThrow('database');
  state.fails = false;
  await inbound.take(message('ok'), ALIVE);
  expect(stored).toHaveLength(1);
});

it('an id is remembered for ten minutes, and not without bound', () => {
  const ids = createInboundIds();
  const first = ids.take('digest', DEAD, 0);
  expect(ids.take('digest', DEAD, 9 * MINUTE)).toBe(first);
  expect(ids.take('digest', DEAD, 11 * MINUTE)).not.toBe(first);
  const other = ids.take('other', DEAD, 0);
  for (let count = 0; count < 10_000; count++) ids.take(`digest ${count}`, DEAD, 0);
  expect(ids.take('other', DEAD, 0)).not.toBe(other);
});

it('parts whose others do not come are handed over when their time is over, the gap marked', async () => {
  const { inbound, state, texts } = start();
  await inbound.take(part(1, 4, 2, 'two'), ALIVE);
  await inbound.take(part(1, 4, 3, 'three'), ALIVE);
  state.now = 9 * MINUTE;
  await inbound.sweep();
  expect(texts()).toEqual([]);
  state.now = 10 * MINUTE;
  await inbound.sweep();
  expect(texts()).toEqual(['…twothree…']);
});

it('and again later when they could not be stored', async () => {
  const { inbound, state, texts } = start();
  await inbound.take(part(1, 2, 1, 'one'), ALIVE);
  state.now = 10 * MINUTE;
  state.fails = true;
  await inbound.sweep();
  state.fails = false;
  await inbound.sweep();
  await inbound.sweep();
  expect(texts()).toEqual(['one…']);
});

it('a part that comes twice counts once, also after the whole was stored', async () => {
  const { inbound, state, texts } = start();
  for (const number of [1, 1, 2, 2, 1]) await inbound.take(part(1, 2, number, `<${number}>`), ALIVE);
  state.now = 11 * MINUTE;
  await inbound.sweep();
  expect(texts()).toEqual(['<1><2>']);
});

it('a reference that is used again begins another message, and nothing of the first is lost', async () => {
  const { inbound, texts } = start();
  await inbound.take(part(7, 2, 1, 'old '), ALIVE);
  await inbound.take(part(7, 2, 1, 'new '), ALIVE);
  await inbound.take(part(7, 2, 2, 'end'), ALIVE);
  expect(texts()).toEqual(['old …', 'new end']);
});

it('parts of several messages at once do not mix', async () => {
  const { inbound, texts } = start();
  await inbound.take(part(1, 2, 1, 'a'), ALIVE);
  await inbound.take(part(2, 2, 2, 'd'), ALIVE);
  await inbound.take(part(1, 2, 2, 'b'), ALIVE);
  await inbound.take(part(2, 2, 1, 'c'), ALIVE);
  expect(texts()).toEqual(['ab', 'cd']);
});

it('a part that arrives while the service ends is not taken', async () => {
  const { inbound, texts } = start();
  await inbound.close();
  expect(await inbound.take(part(1, 2, 1, 'a'), ALIVE)).toBe(0x64);
  expect(await inbound.take(message('whole'), ALIVE)).toBe(0);
  expect(texts()).toEqual(['whole']);
});

it('the oldest parts are handed over when too much is held', () => {
  const reassembly = createReassembly({ timeoutMs: MINUTE, maxOctets: 1_300 });
  const head = { from: '', to: '', dataCoding: 0, shift: {} };
  const add = (key: string, octets: number): InboundPart => ({
    key,
    total: 2,
    part: 1,
    octets: Buffer.alloc(octets),
    head,
  });
  const keys = (messages: Collected[]) => messages.map(({ key }) => key);
  for (const key of ['a', 'b']) reassembly.add(add(key, 100), 0);
  expect(keys(reassembly.expired(1))).toEqual([]);
  reassembly.add(add('c', 100), 0);
  expect(keys(reassembly.expired(1))).toEqual(['a']);
  expect(keys(reassembly.drain())).toEqual(['b', 'c']);
  reassembly.add(add('d', 700), 0);
  expect(keys(reassembly.expired(1))).toEqual([]);
});

it('parts without text are not held without bound either', () => {
  const reassembly = createReassembly({ timeoutMs: MINUTE, maxOctets: 16 * 1024 * 1024 });
  const head = { from: '', to: '', dataCoding: 0, shift: {} };
  for (let at = 0; at < 10_000; at++) {
    reassembly.add({ key: String(at), total: 255, part: 1, octets: Buffer.alloc(0), head }, 0);
  }
  expect(reassembly.expired(1).length).toBeGreaterThan(1_000);
});
