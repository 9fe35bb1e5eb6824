import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createDtmfDetector } from '../../../src/delivery/rtp/dtmf-detector.ts';
import { decodeG711, encodeG711 } from '../../../src/delivery/rtp/g711.ts';
import { createMachineDetector } from '../../../src/delivery/rtp/machine-detector.ts';
import { readWav } from '../../../src/delivery/speech/read-wav.ts';
import { resample } from '../../../src/delivery/speech/resample.ts';
import { describeWith } from '../../rig/stores.ts';
import { join8k, keyTones, tone } from '../sip/tones.ts';

const KEYS = [...'0123456789*#ABCD'];
const silence = (ms: number) => tone([], ms);

/** As they come over the line: in frames of 20 ms, through G.711. */
function frames(samples: Int16Array): Int16Array[] {
  const octets = new Uint8Array(samples.length);
  encodeG711('PCMA', samples, 0, samples.length, octets, 0);
  const heard = decodeG711('PCMA', octets);
  return Array.from({ length: Math.ceil(heard.length / 160) }, (_, at) => heard.slice(at * 160, (at + 1) * 160));
}

function keysIn(samples: Int16Array): string {
  const detector = createDtmfDetector();
  return frames(samples)
    .map((frame) => detector.take(frame) ?? '')
    .join('');
}

function machineIn(samples: Int16Array, speechMs: number | null = null): string | null {
  const detector = createMachineDetector({ speechMs });
  return frames(samples).reduce<string | null>((found, frame) => found ?? detector.take(frame), null);
}

function pressed(keys: string, { onMs = 80, offMs = 80, amplitude = 6_000, off = 1, twist = 1 } = {}): Int16Array {
  const parts = [...keys].flatMap((key) => {
    const [row, column] = keyTones(key);
    const rows = tone([row * off], onMs, amplitude);
    const columns = tone([column * off], onMs, amplitude * twist);
    return [rows.map((sample, at) => sample + (columns[at] ?? 0)), silence(offMs)];
  });
  return join8k(silence(100), ...parts);
}

describe('keys by their tones', () => {
  it('every key is heard, once for each time it is pressed', () => {
    expect(keysIn(pressed(KEYS.join('')))).toBe(KEYS.join(''));
    expect(keysIn(pressed('1122'))).toBe('1122');
    expect(keysIn(pressed('1', { onMs: 2_000 }))).toBe('1');
  });

  it.each([
    ['short', { onMs: 60, offMs: 60 }],
    ['quiet', { amplitude: 300 }],
    ['loud', { amplitude: 15_000 }],
    ['1.5 % too high', { off: 1.015 }],
    ['1.5 % too low', { off: 0.985 }],
    ['6 dB more of the high tone', { twist: 2, amplitude: 4_000 }],
    ['6 dB less of it', { twist: 0.5 }],
  ])('also when they are %s', (_, options) => {
    expect(keysIn(pressed('1590#', options))).toBe('1590#');
  });

  it.each([
    ['one tone', tone([697], 500)],
    ['two of one group', tone([697, 852], 500)],
    ['5 % off', pressed('1', { off: 1.05 })],
    ['too quiet', pressed('1', { amplitude: 40 })],
    ['too short', pressed('1', { onMs: 20 })],
    ['a chord of four', tone([697, 1209, 400, 1_000], 500, 4_000)],
    ['a dial tone', tone([425], 2_000)],
    ['a busy tone of America', tone([480, 620], 2_000)],
  ])('%s is no key', (_, samples) => {
    expect(keysIn(samples)).toBe('');
  });
});

describe('machines', () => {
  it.each([
    ['CNG', tone([1_100], 500)],
    ['CED', tone([2_100], 600)],
    [
      'CED with turns of phase',
      join8k(
        tone([2_100], 447),
        tone([2_100], 453).map((sample) => -sample),
      ),
    ],
  ])('%s is a fax', (_, samples) => {
    expect(machineIn(join8k(silence(500), samples, silence(500)))).toBe('fax');
  });

  it.each([
    ['a short beep', tone([1_100], 200)],
    ['a ringing tone', tone([425], 3_000)],
    ['a key', pressed('0', { onMs: 800 })],
  ])('%s is none', (_, samples) => {
    expect(machineIn(samples)).toBe(null);
  });
});

const TEXTS = [
  ['en-us', 'The quick brown fox jumps over the lazy dog. One, two, three, four, five, six, seven, eight, nine, zero.'],
  [
    'fr',
    'Bonjour, votre code de vérification est le suivant. Un, deux, trois, quatre, cinq, six, sept, huit, neuf, zéro.',
  ],
  ['de', 'Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. Eins, zwei, drei, vier, fünf.'],
  ['es+f3', 'El veloz murciélago hindú comía feliz cardillo y kiwi. La cigüeña tocaba el saxofón.'],
  ['ja', 'いろはにほへと ちりぬるを わかよたれそ つねならむ'],
] as const;

await describeWith(['espeak-ng'], 'spoken words', () => {
  const speak = async (voice: string, text: string): Promise<Int16Array> => {
    const { stdout } = spawnSync('espeak-ng', ['--stdin', '--stdout', '-v', voice, '-s', '140'], {
      input: text.repeat(3),
    });
    const recording = readWav(stdout);
    if (!recording) throw new Error('nothing was said');
    return resample(recording);
  };

  it.each(TEXTS)('%s: are neither keys nor a fax', async (voice, text) => {
    const words = await speak(voice, text);
    expect(words.length).toBeGreaterThan(50_000);
    expect(keysIn(words)).toBe('');
    expect(machineIn(words)).toBe(null);
  });

  it('without a pause are a machine, where that is asked for; a greeting is not', async () => {
    const [long, short] = [await speak('en-us', TEXTS[0][1]), await speak('en-us', 'Hello? ')];
    expect(machineIn(long, 4_000)).toBe('long_greeting');
    expect(machineIn(short.subarray(0, 8_000), 4_000)).toBe(null);
  });
});
