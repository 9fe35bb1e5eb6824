import { type Codec, encodeG711, SAMPLE_RATE, SILENCE } from './g711.ts';

/** What is to be heard: samples at 8 kHz, or ms of silence. */
export type Sound = Int16Array | number;

/** Turns sounds into frames, one after the other without gaps. */
export interface Player {
  /** Replaces what was being played; `ended` is called once its last sample has been taken. */
  play(sounds: readonly Sound[], ended: () => void): void;
  stop(): void;
  /** Fills a frame; silence where there is nothing to play. */
  fill(codec: Codec, frame: Uint8Array): void;
}

export function createPlayer(): Player {
  let queue: readonly Sound[] = [];
  let ended: (() => void) | null = null;
  let index = 0;
  /** Samples taken of the sound at `index`. */
  let taken = 0;

  function fill(codec: Codec, frame: Uint8Array): void {
    let at = 0;
    while (at < frame.length) {
      const sound = queue[index];
      if (sound === undefined) break;
      const length = samplesOf(sound);
      const count = Math.min(frame.length - at, length - taken);
      if (typeof sound === 'number') frame.fill(SILENCE[codec], at, at + count);
      else encodeG711(codec, sound, taken, taken + count, frame, at);
      at += count;
      taken += count;
      if (taken >= length) {
        index++;
        taken = 0;
      }
    }
    frame.fill(SILENCE[codec], at);
    if (index >= queue.length) end();
  }

  function end(): void {
    const told = ended;
    stop();
    told?.();
  }

  function stop(): void {
    queue = [];
    ended = null;
    index = 0;
    taken = 0;
  }

  return {
    play(sounds, whenEnded) {
      stop();
      queue = sounds;
      ended = whenEnded;
    },
    stop,
    fill,
  };
}

export function samplesOf(sound: Sound): number {
  return typeof sound === 'number' ? Math.round((Math.max(0, sound) * SAMPLE_RATE) / 1_000) : sound.length;
}
