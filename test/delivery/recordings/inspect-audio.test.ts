import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspectAudio } from '../../../src/delivery/recordings/inspect-audio.ts';
import { chunk, format, mp3Frames, riff } from './audio-files.ts';

const second = chunk('data', Buffer.alloc(16_000));
const id3 = (length: number, flags = 0) => {
  const digits = [21, 14, 7, 0].map((shift) => (length >>> shift) & 127);
  return Buffer.concat([Buffer.from('ID3\x04\x00'), Buffer.from([flags, ...digits]), Buffer.alloc(length)]);
};
const seconds = (bytes: Buffer) => {
  const found = inspectAudio(bytes);
  return found.kind === 'audio' ? `${found.format} ${(found.durationMs / 1_000).toFixed(3)}` : found.why;
};

describe('a file is what its content says, as long as its content is', () => {
  it.each<[string, Buffer, string]>([
    ['a WAV file', riff(format(), second), 'wav 1.000'],
    ['with other chunks', riff(chunk('LIST', Buffer.alloc(9)), Buffer.alloc(1), format(), second), 'wav 1.000'],
    [
      'of 24 bit, stereo, 48 kHz',
      riff(format({ bits: 24, channels: 2, rate: 48_000 }), chunk('data', Buffer.alloc(288_000))),
      'wav 1.000',
    ],
    ['of a program that knew no length', riff(format(), chunk('data', Buffer.alloc(16_000), 0xffff_ffff)), 'wav 1.000'],
    ['an MP3 file', mp3Frames(100), 'mp3 2.612'],
    [
      'with tags before and behind',
      Buffer.concat([id3(300), id3(5, 0x10), Buffer.alloc(10), mp3Frames(100), Buffer.from('TAG'.padEnd(128))]),
      'mp3 2.612',
    ],
    ['with a picture of 5 MB in its tag', Buffer.concat([id3(5_000_000), mp3Frames(100)]), 'mp3 2.612'],
    ['with zeros behind', Buffer.concat([mp3Frames(3), Buffer.alloc(1_000)]), 'mp3 0.078'],
  ])('%s', (_, bytes, expected) => {
    expect(seconds(bytes)).toBe(expected);
  });
});

describe('what is hostile or broken is told apart', () => {
  const neither = 'It is neither WAV nor MP3.';
  const cutOff = 'The file is cut off.';
  const encoding = 'The WAV file must be PCM, A-law or μ-law with up to 8 channels.';
  const noMp3 = 'It is no MP3 file.';
  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), neither],
    ['a picture', Buffer.from('\x89PNG\r\n\x1a\n'.padEnd(100), 'latin1'), neither],
    ['a playlist', Buffer.from('#EXTM3U\nhttp://169.254.169.254/latest/meta-data\n'), neither],
    ['a video', Buffer.from('RIFF\x00\x01\x00\x00AVI LIST'.padEnd(300), 'latin1'), neither],
    ['a WAV file cut off in its sound', riff(format(), second).subarray(0, 5_000), cutOff],
    ['a WAV file cut off before it', riff(format()).subarray(0, 30), cutOff],
    [
      'a chunk that states more than there is',
      riff(chunk('LIST', Buffer.alloc(4), 0xffff_fff0), format(), second),
      cutOff,
    ],
    ['sound without a format', riff(second), 'The WAV file has no sound.'],
    ['a format without sound', riff(format()), 'The WAV file has no sound.'],
    ['65,535 channels', riff(format({ channels: 65_535 }), second), encoding],
    ['no channel', riff(format({ channels: 0 }), second), encoding],
    ['a rate of 4 GHz', riff(format({ rate: 0xffff_ffff }), second), encoding],
    ['a rate of 0', riff(format({ rate: 0 }), second), encoding],
    ['ADPCM', riff(format({ tag: 2, bits: 4 }), second), encoding],
    ['a format of 4 octets', riff(chunk('fmt ', Buffer.alloc(4)), second), encoding],
    ['two frames, which may be chance', mp3Frames(2), noMp3],
    ['a frame header and then anything', Buffer.concat([mp3Frames(1), Buffer.from('#!/bin/sh\n'.repeat(90))]), noMp3],
    ['a tag longer than the file', Buffer.concat([id3(20).subarray(0, 20)]), noMp3],
    ['an MP3 file cut off', mp3Frames(100).subarray(0, 41_000), cutOff],
    [
      'an MP3 file with something else in it',
      Buffer.concat([mp3Frames(50), Buffer.from('x'.repeat(500)), mp3Frames(50)]),
      'The MP3 file is damaged.',
    ],
  ])('%s', (_, bytes, why) => {
    expect(seconds(bytes)).toBe(why);
  });

  it('a bomb is known by its length before anything decodes it', () => {
    // 8 kbit/s of MPEG 2.5: an hour and a half in 5 MB.
    const frame = Buffer.alloc(72);
    frame.writeUInt32BE(0xffe3_1800);
    const bomb = Buffer.concat(Array.from({ length: 75_000 }, () => frame));
    expect(seconds(bomb)).toMatch(/^mp3 5400\./);
    const samples = riff(format({ bits: 8, rate: 4_000 }), chunk('data', Buffer.alloc(9_000_000)));
    expect(seconds(samples)).toBe('wav 2250.000');
  });

  it('nothing throws and nothing takes long, whatever it is', () => {
    const heads = [riff(format(), second), mp3Frames(10), id3(40), Buffer.from('RIFF\x00\x00\x00\x00WAVE')];
    const mutated = fc.tuple(
      fc.constantFrom(...heads),
      fc.array(fc.tuple(fc.nat(1_000), fc.nat(255)), { maxLength: 30 }),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(mutated, ([head, changes, tail]) => {
        const bytes = Buffer.concat([head, tail]);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const found = inspectAudio(bytes);
        if (found.kind === 'audio') expect(found.durationMs).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 500 },
    );
  });
});
