import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPacer, FRAME_MS } from '../../../src/delivery/rtp/pacer.ts';
import { readRtp, writeRtpHeader } from '../../../src/delivery/rtp/packet.ts';
import { createPlayer } from '../../../src/delivery/rtp/player.ts';
import { createProtection, MASTER_BYTES, SUITES, type Suite } from '../../../src/delivery/rtp/srtp.ts';
import { createTelephoneEvents } from '../../../src/delivery/rtp/telephone-event.ts';

const packetOf = (sequence: number, payload: Buffer, ssrc = 0xcafebabe) => {
  const packet = Buffer.alloc(12 + payload.length);
  writeRtpHeader(packet, {
    marker: false,
    payloadType: 8,
    sequence: sequence & 0xffff,
    timestamp: 0,
    ssrc,
  });
  payload.copy(packet, 12);
  return packet;
};

describe('packets', () => {
  it('are read as they were written, and nothing that comes is too much', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.uint8Array({ maxLength: 300 }), (sequence, payload) => {
        expect(readRtp(packetOf(sequence, Buffer.from(payload)))).toMatchObject({
          sequence,
          payload: Buffer.from(payload),
        });
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void readRtp(Buffer.from(bytes))));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
        readRtp(Buffer.from(bytes));
      }),
    );
  });

  it('have their sources, extension and padding taken off', () => {
    const head = Buffer.from('b1000001000000020000000300000004', 'hex');
    const extension = Buffer.from('bede000111223344', 'hex');
    expect(readRtp(Buffer.concat([head, extension, Buffer.from('aabb0002', 'hex')]))?.payload).toEqual(
      Buffer.from('aabb', 'hex'),
    );
    expect(readRtp(Buffer.concat([head, extension, Buffer.from('ff', 'hex')]))).toBe(null);
  });
});

describe('keys as events', () => {
  it('are told once each, however many packets tell of them', () => {
    const events = createTelephoneEvents();
    const packets = [
      ['01', 100],
      ['01', 100],
      ['018a', 100],
      ['0b', 900],
      // Overtaken on its way.
      ['01', 100],
      ['01', 1_700],
      ['20', 2_500],
    ] as const;
    const take = (hex: string, timestamp: number, ssrc = 1) =>
      events.take(Buffer.from(hex.padEnd(8, '0'), 'hex'), { timestamp, ssrc });
    const keys = packets.map(([hex, timestamp]) => take(hex, timestamp));
    expect(keys).toEqual(['1', null, null, '#', null, '1', null]);
    expect(events.take(Buffer.from('01', 'hex'), { timestamp: 9_999, ssrc: 1 })).toBe(null);
    // Put through to elsewhere, where the time is another.
    expect([take('01', 5, 2), take('01', 5, 2)]).toEqual(['1', null]);
  });
});

describe('SRTP', () => {
  // The vector that libsrtp tests itself with.
  const key = Buffer.from('e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6', 'hex');
  const plain = Buffer.from(`800f1234decafbadcafebabe${'ab'.repeat(16)}`, 'hex');
  const secret = Buffer.from('800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb', 'hex');

  it('protects as the standard has it', () => {
    const { protect, unprotect } = createProtection('AES_CM_128_HMAC_SHA1_80', key, key);
    expect(protect(plain)).toEqual(secret);
    expect(unprotect(secret)).toEqual(plain);
  });

  it('lets in nothing twice, nothing changed and nothing of others', () => {
    const { unprotect } = createProtection('AES_CM_128_HMAC_SHA1_80', key, key);
    for (let at = 0; at < secret.length; at++) {
      const changed = Buffer.from(secret);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(unprotect(changed)).toBe(null);
    }
    expect(unprotect(secret)).toEqual(plain);
    expect(unprotect(secret)).toBe(null);
    expect(createProtection('AES_CM_128_HMAC_SHA1_80', key, Buffer.alloc(MASTER_BYTES)).unprotect(secret)).toBe(null);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => unprotect(Buffer.from(bytes)) === null));
  });

  it.each(SUITES)(
    '%s: goes on when the number of packets wraps around, and lost ones do not matter',
    (suite: Suite) => {
      const [here, there] = [createProtection(suite, key, key), createProtection(suite, key, key)];
      for (let number = 65_000; number < 66_200; number++) {
        const packet = packetOf(number, Buffer.from(String(number)));
        const sent = here.protect(packet);
        if (number % 7 !== 0) expect(there.unprotect(sent)).toEqual(packet);
      }
    },
  );
});

it('SRTP of another source under the same key is heard, wherever it begins to count; repeats of either are not', () => {
  const key = Buffer.alloc(MASTER_BYTES, 7);
  const { unprotect } = createProtection('AES_CM_128_HMAC_SHA1_80', key, key);
  const [first, second] = [60_000, 100].map((number, at) => packetOf(number, Buffer.from('tone'), at));
  const sent = [first, second].map((packet) => {
    const { protect } = createProtection('AES_CM_128_HMAC_SHA1_80', key, key);
    return protect(packet ?? Buffer.alloc(0));
  });
  expect(sent.map(unprotect)).toEqual([first, second]);
  expect(sent.map(unprotect)).toEqual([null, null]);
  // Who has no key takes nobody's place.
  for (let ssrc = 2; ssrc < 100; ssrc++) expect(unprotect(packetOf(1, Buffer.alloc(40), ssrc))).toBe(null);
  expect(sent.map(unprotect)).toEqual([null, null]);
});

describe('the pacer', () => {
  /** A clock whose timers come late, by as much as they are told to. */
  function startClock(lateMs: () => number) {
    let now = 1_000;
    const timers = new Set<{ at: number; run: () => void }>();
    const pacer = createPacer({
      now: () => now,
      after(ms, run) {
        const timer = { at: now + ms + lateMs(), run };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    });
    const run = (untilMs: number) => {
      for (;;) {
        const [next] = [...timers].sort((one, other) => one.at - other.at);
        if (!next || next.at > untilMs) return;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.run();
      }
    };
    return { pacer, run, now: () => now };
  }

  it('does not drift, however late its timer is', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { minLength: 20, maxLength: 20 }), (delays) => {
        let calls = 0;
        let frames = 0;
        const { pacer, run } = startClock(() => delays[calls++ % delays.length] ?? 0);
        pacer.add(() => frames++);
        run(1_000 + 60_000);
        // A minute is 3000 frames, give or take those that the last timer was late for.
        expect(frames).toBeGreaterThan(2_996);
        expect(frames).toBeLessThanOrEqual(3_001);
      }),
    );
  });

  it('does not send all that a stop has held up', () => {
    const delays = [0, 0, 5_000, 0];
    let calls = 0;
    let frames = 0;
    const { pacer, run } = startClock(() => delays[calls++] ?? 0);
    pacer.add(() => frames++);
    run(1_000 + 5_100);
    expect(frames).toBeLessThan(15);
  });

  it('spreads calls over the frame', () => {
    const { pacer, run, now } = startClock(() => 0);
    const sent = new Map<number, number>();
    for (let call = 0; call < 200; call += 1) {
      pacer.add(() => sent.set(now() % FRAME_MS, (sent.get(now() % FRAME_MS) ?? 0) + 1));
    }
    run(1_000 + FRAME_MS * 10 - 1);
    expect([...sent.values()]).toEqual(Array.from({ length: 10 }, () => 200));
  });

  it('serves all calls and rests when there is none', () => {
    const counts = [0, 0];
    const { pacer, run } = startClock(() => 0);
    const ends = counts.map((_, at) =>
      pacer.add(() => {
        counts[at] = (counts[at] ?? 0) + 1;
      }),
    );
    run(1_000 + 10 * FRAME_MS);
    ends[0]?.();
    run(1_000 + 20 * FRAME_MS);
    ends[1]?.();
    run(1_000 + 30 * FRAME_MS);
    expect(counts).toEqual([11, 20]);
  });
});

describe('the player', () => {
  const frame = () => new Uint8Array(160);

  it('plays one sound after the other without a gap, pauses too, and then silence', () => {
    const player = createPlayer();
    const heard: number[] = [];
    let ended = 0;
    player.play(
      [Int16Array.from({ length: 100 }, () => 1_000), 10, Int16Array.from({ length: 50 }, () => -1_000)],
      () => ended++,
    );
    for (let at = 0; at < 3; at++) {
      const next = frame();
      player.fill('PCMU', next);
      heard.push(...next);
      expect(ended).toBe(at === 0 ? 0 : 1);
    }
    const [loud, silent, low] = [heard[0], 0xff, heard[180]];
    expect(heard).toEqual([
      ...Array(100).fill(loud),
      ...Array(80).fill(silent),
      ...Array(50).fill(low),
      ...Array(250).fill(silent),
    ]);
  });

  it('forgets what it was playing when it is told to play something else', () => {
    const player = createPlayer();
    const ended: string[] = [];
    player.play([1_000], () => ended.push('first'));
    player.fill('PCMA', frame());
    player.play([20], () => ended.push('second'));
    player.fill('PCMA', frame());
    player.fill('PCMA', frame());
    expect(ended).toEqual(['second']);
  });
});
