import { describe, expect, it, vi } from 'vitest';
import type { SendVerdict } from '../../../src/delivery/provider.ts';
import { freePorts } from '../../rig/free-ports.ts';
import { describeWith } from '../../rig/stores.ts';
import { BOUND, DOWN, startCarrier } from './carrier.ts';
import { type Submitted, startSmsc, WAIT } from './smsc.ts';

const LONG = 'All work and no play makes Jack a dull boy. '.repeat(8).trim();

async function start(config: object = {}, settings: object = {}) {
  const smsc = await startSmsc();
  await smsc.set(settings);
  const carrier = await startCarrier(smsc.port, config);
  await ('bind_status' in settings ? smsc.until('bind') : carrier.untilLogged(BOUND));
  return { smsc, ...carrier };
}

const textOf = ({ octets }: Submitted) => Buffer.from(octets.short_message ?? '', 'hex').toString('latin1');

/** The link is usable again. */
async function untilAccepted(send: () => Promise<SendVerdict>): Promise<void> {
  await vi.waitFor(async () => expect(await send()).toMatchObject({ kind: 'accepted' }), WAIT);
}

await describeWith(['net-smpp'], 'SMPP when things go wrong', () => {
  describe('a bind that is refused', () => {
    it('is tried again with back-off, and meanwhile says why', async () => {
      const { smsc, send } = await start(
        { unbound_wait_ms: 0, reconnect_min_ms: 20, reconnect_max_ms: 80 },
        { bind_status: 0x0e },
      );
      await smsc.until('bind', 5);
      expect(await send()).toEqual({ kind: 'failed', reason: 'authentication_failed' });
      const times = smsc.events.filter(({ event }) => event === 'bind').map(({ time }) => Number(time) * 1_000);
      const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      // A millisecond for the rounding of timers.
      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(19);
      await smsc.set({ bind_status: 0 });
      await untilAccepted(send);
    });

    it('of which nobody hears: messages fail, so that another carrier is tried', async () => {
      const [port = 0] = await freePorts(1);
      const { send } = await startCarrier(port, { unbound_wait_ms: 50 });
      expect(await send()).toEqual({ kind: 'failed', reason: 'connection_failed' });
      expect(await send()).toEqual({ kind: 'failed', reason: 'connection_failed' });
    });

    it('because of the load of the carrier', async () => {
      const { send } = await start({ unbound_wait_ms: 0 }, { bind_status: 0x58 });
      expect(await send()).toEqual({ kind: 'failed', reason: 'rate_limited' });
    });
  });

  describe('a bind that dies', () => {
    it('idle: comes back, and what waits for it is sent', async () => {
      const { smsc, send, untilLogged } = await start();
      await send();
      await smsc.tell({ cut: true });
      await untilLogged(DOWN);
      expect(await send()).toMatchObject({ kind: 'accepted' });
      expect(smsc.count('bind')).toBe(2);
    });

    it('with a submit unanswered: the outcome is unknown, and it is not sent again', async () => {
      const { smsc, send } = await start({}, { cut_after: 1, cut_answers: 0 });
      expect(await send({ text: 'once' })).toEqual({ kind: 'outcome_unknown', reason: 'connection_lost' });
      await untilAccepted(() => send({ text: 'next' }));
      expect((await smsc.submits()).map(textOf)).toEqual(['once', 'next']);
    });

    it('in the middle of a long message: the outcome is unknown', async () => {
      const { smsc, send } = await start({ window: 1 }, { cut_after: 2 });
      expect(await send({ text: LONG })).toMatchObject({ kind: 'outcome_unknown', reason: 'connection_lost' });
      await smsc.until('bind', 2);
      expect(await smsc.submits()).toHaveLength(2);
    });

    it('one of two: the other one carries on', async () => {
      const config = { binds: [{ count: 2 }], reconnect_min_ms: 5_000, reconnect_max_ms: 5_000 };
      const { smsc, send, untilLogged } = await start(config);
      await untilLogged(BOUND, 2);
      await smsc.set({ cut_after: 1 });
      await send();
      await untilLogged(DOWN);
      const verdicts = await Promise.all(Array.from({ length: 20 }, () => send()));
      expect(verdicts.every(({ kind }) => kind === 'accepted')).toBe(true);
      expect(smsc.count('bind')).toBe(2);
    });

    it('without a word: enquire_link finds out', async () => {
      const { smsc, send } = await start({ enquire_link_ms: 100, response_timeout_ms: 100 });
      await smsc.until('enquire_link', 2);
      expect(smsc.count('gone')).toBe(0);
      await smsc.set({ mute: 1 });
      await smsc.until('gone');
      await smsc.set({ mute: 0 });
      await untilAccepted(send);
    });

    it('before it answers the bind', async () => {
      const smsc = await startSmsc();
      await smsc.set({ mute: 1 });
      const { send } = await startCarrier(smsc.port, { bind_timeout_ms: 100 });
      await smsc.until('heard', 3);
      await smsc.set({ mute: 0 });
      await untilAccepted(send);
    });

    it('by unbind: it is answered, and what was in flight still is', async () => {
      const { smsc, send, untilLogged, log } = await start({}, { delay_ms: 50 });
      const sent = send();
      await smsc.until('submit');
      await smsc.tell({ unbind: true });
      expect(await sent).toMatchObject({ kind: 'accepted' });
      expect(await smsc.until('answer')).toMatchObject({ command: 0x8000_0006, status: 0 });
      await smsc.until('bind', 2);
      await untilLogged(DOWN);
      expect(log.find(({ message }) => message === DOWN)).toMatchObject({ why: 'unbound' });
    });

    it('because what it sends are no PDUs', async () => {
      const { smsc, send } = await start();
      await smsc.tell({ raw: 'ffffffff'.repeat(8) });
      await smsc.until('gone');
      await untilAccepted(send);
    });
  });

  describe('what the other side asks', () => {
    it('enquire_link is answered', async () => {
      const { smsc } = await start();
      await smsc.tell({ enquire: true });
      expect(await smsc.until('answer')).toMatchObject({ command: 0x8000_0015, status: 0 });
    });

    it('an unknown request is answered so, and the bind lives on', async () => {
      const { smsc, send } = await start();
      await smsc.tell({ raw: '0000001000000099000000000000002a' });
      expect(await smsc.until('answer')).toMatchObject({ command: 0x8000_0000, status: 3 });
      expect(await send()).toMatchObject({ kind: 'accepted' });
      expect(smsc.count('bind')).toBe(1);
    });
  });

  describe('no answer in time', () => {
    it('the outcome is unknown, others go on, and a late answer is reported', async () => {
      const { smsc, send, receipts } = await start({ response_timeout_ms: 100 }, { delay_ms: 400 });
      expect(await send({ reference: 'msg_late-1' })).toEqual({ kind: 'outcome_unknown', reason: 'timeout' });
      await smsc.set({ delay_ms: 0 });
      expect(await send()).toMatchObject({ kind: 'accepted' });
      await vi.waitFor(() => expect(receipts).toHaveLength(1), WAIT);
      expect(receipts).toEqual([{ reference: 'msg_late-1', providerId: '4f2a', status: 'sent' }]);
      expect(smsc.count('bind')).toBe(1);
    });

    it('a late answer to a long message names none of its parts, whose receipt would count for all', async () => {
      const { smsc, send, receipts } = await start({ response_timeout_ms: 100 }, { delay_ms: 400 });
      const verdict = await send({ reference: 'msg_late-1', text: LONG });
      expect(verdict).toEqual({ kind: 'outcome_unknown', reason: 'timeout' });
      await smsc.set({ delay_ms: 0 });
      await vi.waitFor(() => expect(receipts).toHaveLength(1), WAIT);
      expect(receipts).toEqual([{ reference: 'msg_late-1', status: 'sent' }]);
    });

    it('a late refusal is reported too', async () => {
      const settings = { delay_ms: 300, refuse_status: 0x0b, refuse_times: 1 };
      const { send, receipts } = await start({ response_timeout_ms: 100 }, settings);
      expect(await send({ reference: 'msg_late-1' })).toMatchObject({ kind: 'outcome_unknown' });
      await vi.waitFor(() => expect(receipts).toHaveLength(1), WAIT);
      expect(receipts).toEqual([
        { reference: 'msg_late-1', status: 'rejected', reason: 'invalid_recipient', carrierCode: 'ESME_RINVDSTADR' },
      ]);
    });

    it('a window of lost answers is not lost for good', async () => {
      const { send } = await start({ response_timeout_ms: 100, window: 2 }, { drop: 4 });
      const verdicts = await Promise.all(Array.from({ length: 6 }, () => send()));
      expect(verdicts.map(({ kind }) => kind)).toEqual([
        ...Array.from({ length: 4 }, () => 'outcome_unknown'),
        'accepted',
        'accepted',
      ]);
    });
  });

  describe('throttling', () => {
    it.each([0x58, 0x14])('the bind pauses at status %i, and longer each time', async (status) => {
      const { smsc, send } = await start(
        { throttle_pause_ms: 60, window: 1 },
        { refuse_status: status, refuse_times: 2 },
      );
      const verdicts = await Promise.all([send(), send(), send()]);
      expect(verdicts).toMatchObject([
        { kind: 'failed', retryAfterMs: 60 },
        { kind: 'failed', retryAfterMs: 60 },
        { kind: 'accepted' },
      ]);
      const [first = 0, second = 0, third = 0] = (await smsc.submits()).map(({ time }) => time * 1_000);
      expect(second - first).toBeGreaterThanOrEqual(59);
      expect(third - second).toBeGreaterThanOrEqual(119);
    });

    it('a system error does not pause it: it may be about its message', async () => {
      const settings = { refuse_status: 0x08, refuse_times: 2 };
      const { send } = await start({ throttle_pause_ms: 60_000, window: 1 }, settings);
      const verdicts = await Promise.all([send(), send(), send()]);
      expect(verdicts.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'accepted']);
    });

    it('a third one in a row does', async () => {
      const settings = { refuse_status: 0x08, refuse_times: 3 };
      const { smsc, send } = await start({ throttle_pause_ms: 200, window: 1 }, settings);
      await Promise.all([send(), send(), send(), send()]);
      const times = (await smsc.submits()).map(({ time }) => time * 1_000);
      expect((times[3] ?? 0) - (times[2] ?? 0)).toBeGreaterThanOrEqual(199);
    });

    it('a part that is throttled is offered again, and its receipt finds it', async () => {
      const { send, smsc, receipts } = await start({}, { refuse_part: { 2: 0x58 }, receipts: 'text' });
      const verdict = await send({ text: LONG });
      expect(verdict).toEqual({ kind: 'accepted', providerId: '4f2a', partIds: ['4f2a', '4f2d', '4f2c'] });
      expect(await smsc.submits()).toHaveLength(4);
      await vi.waitFor(() => expect(receipts).toHaveLength(3), WAIT);
      expect(receipts.map(({ providerId }) => providerId?.[0]).sort()).toEqual(['4f2a', '4f2c', '4f2d']);
    });

    it('a part that is refused for good leaves half a message: the outcome is unknown', async () => {
      const { send } = await start({}, { refuse_part: { 2: 0x0b } });
      expect(await send({ text: LONG })).toEqual({
        kind: 'outcome_unknown',
        reason: 'invalid_recipient',
        carrierCode: 'ESME_RINVDSTADR',
      });
    });

    it('a first part that is refused for good: the others are not sent', async () => {
      const { send, smsc } = await start({ window: 1 }, { refuse_part: { 1: 0x0b } });
      expect(await send({ text: LONG })).toMatchObject({ kind: 'rejected', reason: 'invalid_recipient' });
      expect(await send({ text: 'next' })).toMatchObject({ kind: 'accepted' });
      expect(await smsc.submits()).toHaveLength(2);
    });
  });

  describe('the queue', () => {
    it('the window is used to the full and never exceeded', async () => {
      const { smsc, send } = await start({ window: 5 }, { delay_ms: 10 });
      await Promise.all(Array.from({ length: 40 }, () => send()));
      let inFlight = 0;
      let most = 0;
      for (const { event } of smsc.events) {
        if (event === 'submit') most = Math.max(most, ++inFlight);
        if (event === 'answered') inFlight--;
      }
      expect(most).toBe(5);
    });

    it('codes overtake transactional messages, and those marketing', async () => {
      const { smsc, send } = await start({ window: 1 }, { delay_ms: 20 });
      const sent = [send({ text: 'first', purpose: 'marketing' })];
      for (const purpose of ['marketing', 'transactional', 'code'] as const) {
        sent.push(send({ text: `${purpose} 1`, purpose }), send({ text: `${purpose} 2`, purpose }));
      }
      await Promise.all(sent);
      expect((await smsc.submits()).map(textOf)).toEqual([
        'first',
        ...['code 1', 'code 2', 'transactional 1', 'transactional 2', 'marketing 1', 'marketing 2'],
      ]);
    });

    it('a code overtakes the parts of a long message', async () => {
      const { smsc, send } = await start({ window: 1 }, { delay_ms: 20 });
      const long = send({ text: LONG, purpose: 'marketing' });
      await smsc.until('submit');
      await Promise.all([long, send({ text: 'code' })]);
      expect((await smsc.submits()).map((submit) => (textOf(submit) === 'code' ? 'code' : 'part'))).toEqual([
        'part',
        'code',
        'part',
        'part',
      ]);
    });

    it('is bounded, and a code still gets in', async () => {
      const { smsc, send } = await start({ window: 1, queue_limit: 2 }, { delay_ms: 50 });
      const sent = ['in flight', 'waits', 'is put out', 'is refused'].map((text) =>
        send({ text, purpose: 'marketing' }),
      );
      const code = send({ text: 'code' });
      expect((await Promise.all([...sent, code])).map(({ kind }) => kind)).toEqual([
        'accepted',
        'accepted',
        'failed',
        'failed',
        'accepted',
      ]);
      expect(await sent[2]).toEqual({ kind: 'failed', reason: 'queue_full' });
      expect((await smsc.submits()).map(textOf)).toEqual(['in flight', 'code', 'waits']);
    });

    it('keeps to the rate', async () => {
      const { send } = await start({ rate_per_second: 50, window: 100 });
      const from = performance.now();
      await Promise.all(Array.from({ length: 10 }, () => send()));
      // Nine spaces of 20 ms; one of them may be made up for where a timer was late. A busy machine only takes longer.
      expect(performance.now() - from).toBeGreaterThanOrEqual(8 * 20 - 5);
    });

    it('a message that waits is given up without ever leaving', async () => {
      const { smsc, send } = await start({ window: 1 }, { delay_ms: 100 });
      const first = send({ text: 'first' });
      const patience = new AbortController();
      const second = send({ text: 'second' }, patience.signal);
      patience.abort();
      expect(await second).toMatchObject({ kind: 'failed', reason: 'unavailable' });
      await first;
      await send({ text: 'third' });
      expect((await smsc.submits()).map(textOf)).toEqual(['first', 'third']);
    });

    it('one that has left is not: its outcome is unknown until the answer is there', async () => {
      const { smsc, send, receipts } = await start({}, { delay_ms: 200 });
      const patience = new AbortController();
      const sent = send({ reference: 'msg_1-1' }, patience.signal);
      await smsc.until('submit');
      patience.abort();
      expect(await sent).toEqual({ kind: 'outcome_unknown', reason: 'timeout' });
      await vi.waitFor(() => expect(receipts).toMatchObject([{ reference: 'msg_1-1', status: 'sent' }]), WAIT);
    });
  });

  describe('the end', () => {
    it('sends what was taken, takes leave, and takes nothing more', async () => {
      const { smsc, send, provider } = await start({ window: 1, binds: [{ count: 2 }] }, { delay_ms: 30 });
      await smsc.until('bind', 2);
      const sent = Array.from({ length: 6 }, () => send());
      await provider.close?.();
      expect((await Promise.all(sent)).every(({ kind }) => kind === 'accepted')).toBe(true);
      await smsc.until('unbind', 2);
      expect(await send()).toEqual({ kind: 'failed', reason: 'unavailable' });
    });

    it('does not wait for ever', async () => {
      const { smsc, send, provider } = await start({ drain_ms: 50, window: 1 });
      await smsc.set({ mute: 1 });
      const sent = [send(), send()];
      await provider.close?.();
      expect(await Promise.all(sent)).toMatchObject([
        { kind: 'outcome_unknown', reason: 'connection_lost' },
        { kind: 'failed', reason: 'unavailable' },
      ]);
    });
  });
});
