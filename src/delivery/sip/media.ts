import { randomBytes, randomInt } from 'node:crypto';
import { isIP } from 'node:net';
import { createDtmfDetector } from '../rtp/dtmf-detector.ts';
import { type Codec, decodeG711 } from '../rtp/g711.ts';
import { createMachineDetector } from '../rtp/machine-detector.ts';
import { FRAME_MS, type Pacer } from '../rtp/pacer.ts';
import { createPlayer, type Sound } from '../rtp/player.ts';
import { openRtp, type Protection, type RtpSession } from '../rtp/session.ts';
import { createProtection, MASTER_BYTES, SUITES, type Suite } from '../rtp/srtp.ts';
import {
  type AudioDescription,
  type CryptoAttribute,
  type Direction,
  MIRRORED,
  OFFERED_TELEPHONE_EVENT,
  writeSdp,
} from './sdp.ts';

/** Our side of a call's audio: what is offered, what is played, what is heard. */
export interface Media {
  offer(): Buffer;
  answer(offer: AudioDescription): Buffer | null;
  /** False: what the other side wants is not what was offered. */
  connect(remote: AudioDescription): boolean;
  play(sounds: readonly Sound[], ended: () => void): void;
  close(): void;
}

export interface MediaEvents {
  key(key: string): void;
  machine(what: 'fax' | 'long_greeting'): void;
  /** Nothing was heard for too long, `ever`: though something had been. */
  silent(ever: boolean): void;
  /** The call is as long as it may be. */
  tooLong(): void;
}

export interface MediaOptions {
  /** Announced to the other side. */
  address: string;
  bindAddress: string;
  ports: { first: number; last: number };
  pacer: Pacer;
  codecs: readonly Codec[];
  srtp: boolean;
  symmetric: 'trunk' | 'any' | 'off';
  isTrunk(address: string): boolean;
  inbandDtmf: 'fallback' | 'always' | 'off';
  /** Speech without a pause that only a machine makes; null: not judged. */
  machineSpeechMs: number | null;
  /** 0: not watched. */
  silenceMs: number;
  maxCallMs: number;
}

/** Null: no port is free. */
export async function openMedia(options: MediaOptions, events: MediaEvents): Promise<Media | null> {
  const { address, codecs, symmetric } = options;
  const player = createPlayer();
  const dtmf = createDtmfDetector();
  const machine = createMachineDetector({ speechMs: options.machineSpeechMs });
  const sessionId = String(randomInt(2 ** 47));
  const keys = options.srtp ? offerKeys() : null;
  /** By the other side's key: a re-INVITE that keeps it goes on where the packets are. */
  const protections = new Map<string, Protection>();
  let version = 0;
  let remote: AudioDescription | null = null;
  let elapsedMs = 0;
  let quietMs = 0;
  let wasHeard = false;
  let hearsTones = false;
  let isClosed = false;

  const rtp: RtpSession | null = await openRtp(
    {
      bindAddress: options.bindAddress,
      ports: options.ports,
      pacer: options.pacer,
      mayFollow: (from) =>
        symmetric === 'any' || (symmetric === 'trunk' && (from === remote?.address || options.isTrunk(from))),
      telephoneEvent: OFFERED_TELEPHONE_EVENT,
    },
    {
      fill(codec, frame) {
        elapsedMs += FRAME_MS;
        if (elapsedMs === options.maxCallMs) events.tooLong();
        // On hold nobody listens: what is to be said waits, and nothing is sent (RFC 3264 §8.4).
        if (isOnHold()) return false;
        player.fill(codec, frame);
        if (remote?.direction !== 'recvonly') watch();
        return true;
      },
      alive() {
        quietMs = 0;
        wasHeard = true;
      },
      key: events.key,
      audio: (codec, octets) => listen(decodeG711(codec, octets)),
    },
  );
  if (!rtp) return null;

  function watch(): void {
    quietMs += FRAME_MS;
    if (quietMs === options.silenceMs) events.silent(wasHeard);
  }

  function listen(samples: Int16Array): void {
    const found = machine.take(samples);
    if (found) events.machine(found);
    const key = hearsTones ? dtmf.take(samples) : null;
    if (key !== null) events.key(key);
  }

  const isOnHold = () =>
    remote !== null &&
    (remote.direction === 'sendonly' || remote.direction === 'inactive' || remote.address === '0.0.0.0');

  function describe(
    chosen: readonly Codec[],
    telephoneEvent: number | null,
    direction: Direction,
    crypto: readonly CryptoAttribute[] | null,
  ): Buffer {
    return writeSdp({
      address,
      port: rtp?.port ?? 0,
      codecs: chosen,
      telephoneEvent,
      direction,
      crypto,
      sessionId,
      version: version++,
    });
  }

  function pick(
    given: AudioDescription,
  ): { codec: Codec; crypto: { local: CryptoAttribute; protection: Protection } | null } | null {
    const codec = given.codecs.find((each) => codecs.includes(each));
    if (!codec || isIP(given.address) !== isIP(address) || (given.crypto !== null) !== (keys !== null)) return null;
    if (!keys) return { codec, crypto: null };
    for (const theirs of given.crypto ?? []) {
      const local = keys.find(({ suite }) => suite === theirs.suite);
      if (local) return { codec, crypto: { local, protection: protectionOf(local, theirs) } };
    }
    return null;
  }

  function protectionOf(local: CryptoAttribute, theirs: CryptoAttribute): Protection {
    const name = `${local.suite} ${theirs.key.toString('base64')}`;
    const known = protections.get(name) ?? createProtection(local.suite as Suite, local.key, theirs.key);
    protections.set(name, known);
    return known;
  }

  return {
    offer: () => describe(codecs, OFFERED_TELEPHONE_EVENT, 'sendrecv', keys),
    answer(offer) {
      const chosen = pick(offer);
      if (!chosen) return null;
      // The answer has the tag of the attribute it takes (RFC 4568 §5.1.2).
      const theirs = offer.crypto?.find(({ suite }) => suite === chosen.crypto?.local.suite);
      const crypto = chosen.crypto && theirs ? [{ ...chosen.crypto.local, tag: theirs.tag }] : null;
      return describe([chosen.codec], offer.telephoneEvent, MIRRORED[offer.direction], crypto);
    },
    connect(given) {
      const chosen = pick(given);
      if (!chosen) return false;
      remote = given;
      quietMs = 0;
      const { telephoneEvent } = given;
      hearsTones = options.inbandDtmf === 'always' || (options.inbandDtmf === 'fallback' && telephoneEvent === null);
      if (!isClosed) {
        rtp.connect({
          address: given.address,
          port: given.port,
          codec: chosen.codec,
          telephoneEvent,
          protection: chosen.crypto?.protection ?? null,
        });
      }
      return true;
    },
    play: player.play,
    close() {
      if (!isClosed) rtp.close();
      isClosed = true;
      player.stop();
    },
  };
}

function offerKeys(): CryptoAttribute[] {
  return SUITES.map((suite, index) => ({ tag: index + 1, suite, key: randomBytes(MASTER_BYTES) }));
}
