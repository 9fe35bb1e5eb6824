import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerChallenge, readChallenge } from '../../../src/delivery/sip/digest.ts';
import { readRefusal } from '../../../src/delivery/sip/final-status.ts';
import { readInfoKey } from '../../../src/delivery/sip/info-key.ts';
import {
  branchOf,
  headerOf,
  headersOf,
  readCSeq,
  type SipMessage,
  type SipResponse,
  tagOf,
} from '../../../src/delivery/sip/message.ts';
import { readMessage } from '../../../src/delivery/sip/read-message.ts';
import { readUri, uriOf } from '../../../src/delivery/sip/read-uri.ts';
import { readSdp, writeSdp } from '../../../src/delivery/sip/sdp.ts';
import { createStreamReader } from '../../../src/delivery/sip/stream-reader.ts';
import { writeMessage } from '../../../src/delivery/sip/write-message.ts';

const text = (lines: readonly string[], body = '') => Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);

const OK = [
  'SIP/2.0 200 OK',
  'v: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport=5060, SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2',
  'From:"A \\"quoted, name" <sip:+33180000000@example.com;user=phone>;tag=one',
  't: <sip:+33612345678@example.com>;TAG=two',
  'i: call-1@example.com',
  'CSEQ : 7 INVITE',
  'm: <sip:phone@192.0.2.9:5070;transport=udp>',
  'Record-Route: <sip:a.example.com;lr>, <sip:b.example.com;lr>',
  'Record-Route: <sip:c.example.com;lr>',
  'Subject: one',
  ' and',
  '\tthe same line',
];

/** Everything that is done with what comes. */
function readAll(bytes: Buffer): void {
  const message = readMessage(bytes);
  if (!message) return;
  branchOf(message);
  tagOf(message, 'to');
  readCSeq(message);
  for (const contact of headersOf(message, 'contact')) readUri(uriOf(contact) ?? '');
  readSdp(message.body);
  if (message.kind === 'request') readInfoKey(message);
  else {
    readChallenge(message);
    readRefusal(message);
  }
}

describe('a message', () => {
  it('is read in every form that RFC 3261 allows', () => {
    const message = readMessage(text(OK, 'body')) as SipMessage;
    expect(message).toMatchObject({ kind: 'response', status: 200, phrase: 'OK', body: Buffer.from('body') });
    expect(branchOf(message)).toBe('z9hG4bK1');
    expect(headersOf(message, 'via')).toHaveLength(2);
    expect([tagOf(message, 'from'), tagOf(message, 'to')]).toEqual(['one', 'two']);
    expect(readCSeq(message)).toEqual({ number: 7, method: 'INVITE' });
    expect(headersOf(message, 'record-route').map(uriOf)).toEqual([
      'sip:a.example.com;lr',
      'sip:b.example.com;lr',
      'sip:c.example.com;lr',
    ]);
    expect(headerOf(message, 'subject')).toBe('one and the same line');
    expect(readUri(uriOf(headerOf(message, 'contact') ?? '') ?? '')).toMatchObject({
      user: 'phone',
      host: '192.0.2.9',
      port: 5070,
    });
  });

  it('ends where it says, and is none when it is cut', () => {
    expect(readMessage(text([...OK, 'l: 3'], 'body'))?.body.toString()).toBe('bod');
    expect(readMessage(text([...OK, 'l: 5'], 'body'))).toBe(null);
    expect(readMessage(text([...OK, 'Content-Length: -1'], 'body'))).toBe(null);
    for (const needed of ['v:', 'From', 't:', 'i:', 'CSEQ']) {
      expect(readMessage(text(OK.filter((line) => !line.startsWith(needed))))).toBe(null);
    }
  });

  it('is read as it was written', () => {
    const token = fc.stringMatching(/^[a-z0-9]{1,12}$/);
    const value = fc
      .string({ maxLength: 60 })
      .map((any) => any.replace(/[\r\n\s]+/g, ' ').trim())
      .filter((any) => !/\p{Cc}/u.test(any));
    fc.assert(
      fc.property(
        token,
        fc.dictionary(
          token.map((name) => `x-${name}`),
          value,
        ),
        fc.uint8Array({ maxLength: 200 }),
        (id, more, body) => {
          const headers = [
            ['via', `SIP/2.0/UDP h;branch=${id}`],
            ['from', '<sip:a@b>;tag=1'],
            ['to', '<sip:c@d>'],
            ['call-id', id],
            ['cseq', '1 INFO'],
            ...Object.entries(more),
          ] as [string, string][];
          const message: SipMessage = {
            kind: 'request',
            method: 'INFO',
            uri: 'sip:c@d',
            headers,
            body: Buffer.from(body),
          };
          const read = readMessage(writeMessage(message));
          expect(read).toEqual({ ...message, headers: [...headers, ['content-length', String(body.length)]] });
        },
      ),
    );
  });

  it('has no line of an intruder in it', () => {
    const message = readMessage(text(OK)) as SipResponse;
    const written = writeMessage({
      ...message,
      headers: [...message.headers, ['subject', 'a\r\nX-Evil: 1']],
    }).toString();
    expect(written).not.toContain('\nX-Evil');
  });

  it('may be anything at all', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => readAll(Buffer.from(bytes))));
    const valid = text(
      [
        ...OK,
        'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"',
        'Retry-After: 5 (busy)',
        'Reason: Q.850;cause=17',
      ],
      'v=0\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.1\r\n',
    );
    const change = fc.record({ at: fc.nat(valid.length - 1), bytes: fc.uint8Array({ maxLength: 8 }), cut: fc.nat(8) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        let bytes = valid;
        for (const { at, bytes: put, cut } of changes)
          bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
        readAll(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('has no longer lines than there is a reason for', () => {
    const lineOf = (length: number) => `Subject: ${'a'.repeat(length)}`;
    expect(readMessage(text([...OK, lineOf(3_900)]))).not.toBe(null);
    expect(readMessage(text([...OK, lineOf(4_000)]))).toBe(null);
    for (const part of ['"', '\\"', ';a', ';a="', '<', ',', ';=']) {
      for (const header of ['Via', 'Contact', 'From', 'WWW-Authenticate', 'Reason']) {
        readAll(text([...OK.map((line) => line.replace('200 OK', '401 No')), `${header}: Digest ${part.repeat(900)}`]));
      }
    }
  });
});

describe('a stream', () => {
  it('gives the same messages, however it is cut', () => {
    const one = text([...OK, 'Content-Length: 4'], 'body');
    const stream = Buffer.concat([Buffer.from('\r\n\r\n'), one, Buffer.from('\r\n'), one, one]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
        const reader = createStreamReader();
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const messages = places.slice(1).flatMap((end, at) => reader.push(stream.subarray(places[at], end)) ?? []);
        expect(messages).toEqual(Array(3).fill(readMessage(one)));
      }),
    );
  });

  it('without lengths, or without an end of its headers, is broken', () => {
    expect(createStreamReader().push(text(OK))).toBe(null);
    expect(createStreamReader().push(Buffer.alloc(100_000, 'a'))).toBe(null);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (chunks) => {
        const reader = createStreamReader();
        for (const chunk of chunks) if (!reader.push(Buffer.from(chunk))) return;
      }),
    );
  });
});

describe('SDP', () => {
  const key = Buffer.alloc(30, 7);
  const description = {
    address: '192.0.2.1',
    port: 16_384,
    codecs: ['PCMA', 'PCMU'],
    telephoneEvent: 101,
    direction: 'sendrecv',
    crypto: [{ tag: 1, suite: 'AES_CM_128_HMAC_SHA1_80', key }],
  } as const;

  it('is read as it was written', () => {
    expect(readSdp(writeSdp({ ...description, sessionId: '1', version: 0 }))).toEqual(description);
    const plain = {
      ...description,
      address: '2001:db8::1',
      crypto: null,
      telephoneEvent: null,
      direction: 'inactive',
    } as const;
    expect(readSdp(writeSdp({ ...plain, sessionId: '1', version: 3 }))).toEqual(plain);
  });

  it.each([
    [
      'a stream of its own address',
      'v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 8\nc=IN IP4 192.0.2.9',
      { address: '192.0.2.9', codecs: ['PCMA'] },
    ],
    [
      'the second of two, of which the first is refused',
      'v=0\nc=IN IP4 192.0.2.1\nm=audio 0 RTP/AVP 0\nm=audio 4002 RTP/AVP 0',
      { port: 4002, codecs: ['PCMU'] },
    ],
    [
      'telephone events of any number',
      'v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 96 8\na=rtpmap:96 telephone-event/8000',
      { telephoneEvent: 96 },
    ],
    [
      'a direction of the session',
      'v=0\nc=IN IP4 192.0.2.1\na=sendonly\nm=audio 4000 RTP/AVP 8',
      { direction: 'sendonly' },
    ],
    [
      'a key with a lifetime',
      `v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/SAVP 8\na=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${key.toString('base64')}|2^20`,
      { crypto: [{ tag: 2, suite: 'AES_CM_128_HMAC_SHA1_32', key }] },
    ],
  ])('%s is understood', (_, sdp, expected) => {
    expect(readSdp(Buffer.from(sdp.replaceAll('\n', '\r\n')))).toMatchObject(expected);
  });

  it.each([
    ['another codec', 'm=audio 4000 RTP/AVP 18'],
    ['a picture', 'm=video 4000 RTP/AVP 8'],
    ['a number that is another codec here', 'm=audio 4000 RTP/AVP 8\na=rtpmap:8 G729/8000'],
    ['a port that is none', 'm=audio 99999 RTP/AVP 8'],
  ])('%s is nothing to talk to', (_, media) => {
    expect(readSdp(Buffer.from(`v=0\r\nc=IN IP4 192.0.2.1\r\n${media}`))).toBe(null);
  });

  it('may be anything at all', () => {
    const line = fc.constantFrom(
      'v=0',
      'm=audio 4000 RTP/AVP 8',
      'c=IN IP4 1.2.3.4',
      'a=rtpmap:8 PCMA/8000',
      'a=crypto:1 X inline:AAAA',
      'a=inactive',
      'm=audio 99999999999 RTP/AVP 4294967296',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => void readSdp(Buffer.from(lines.join('\r\n')))),
    );
  });
});

describe('a challenge', () => {
  const response = (...headers: [string, string][]): SipResponse => ({
    kind: 'response',
    status: 401,
    phrase: '',
    headers,
    body: Buffer.alloc(0),
  });
  const request = { method: 'GET', uri: '/dir/index.html' };

  // RFC 7616 §3.9.1, whose example has both.
  const example = (algorithm: string) =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('of %s is answered as in the RFC', (algorithm, digest) => {
    const challenge = readChallenge(response(['www-authenticate', example(algorithm)]));
    const credentials = { username: 'Mufasa', password: 'Circle of Life' };
    const answer =
      challenge && answerChallenge(challenge, credentials, request, 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ');
    expect(answer).toContain(`response="${digest}"`);
    expect(answer).not.toContain('Circle');
  });

  it('of several the best is taken, and what is not known is left', () => {
    const challenges = ['Basic realm="x"', example('MD5'), example('SHA-256'), example('MD6')];
    const found = readChallenge(response(...challenges.map((value): [string, string] => ['www-authenticate', value])));
    expect(found).toMatchObject({ algorithm: 'SHA-256', hasQop: true, answerIn: 'authorization' });
    expect(readChallenge(response(['www-authenticate', 'Basic realm="x"']))).toBe(null);
    expect(readChallenge(response(['proxy-authenticate', example('MD5')]))).toBe(null);
  });
});
