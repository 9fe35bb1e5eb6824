import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { FFMPEG } from '../../../src/delivery/recordings/transcode.ts';
import { readWav } from '../../../src/delivery/speech/read-wav.ts';
import { describeWith, privateFolder } from '../../rig/stores.ts';
import { openTestService, PROFILES, type TestService, type TestServiceOptions } from '../../service.ts';
import { join8k, tone, wavFile, wavOf } from '../sip/tones.ts';
import { chunk, encode, format, mp3Frames, riff, toMp3 } from './audio-files.ts';

const PUBLIC_URL = 'https://otp.example.com/base';
const melody = join8k(tone([440], 500), tone([], 200), tone([880], 500));

function openService(profile: (typeof PROFILES)[number], config: object = {}, options: TestServiceOptions = {}) {
  const file = join(privateFolder('config'), 'countersign.yaml');
  writeFileSync(file, JSON.stringify({ public_url: PUBLIC_URL, ...config }));
  return openTestService(profile, { ...options, env: { COUNTERSIGN_CONFIG: file } });
}

async function upload(service: TestService, file: Buffer, type = 'audio/wav', query = '', key = service.key) {
  const response = await service.app.inject({
    method: 'POST',
    url: `/v1/recordings${query}`,
    payload: file,
    headers: { authorization: `Bearer ${key}`, 'content-type': type },
  });
  return { status: response.statusCode, body: response.json() };
}

const download = async (service: TestService, url: string, headers: object = {}) => {
  const response = await service.app.inject({ method: 'GET', url, headers: { ...headers } });
  return { status: response.statusCode, type: response.headers['content-type'], bytes: response.rawPayload };
};

/** How much of one is in the other, wherever it begins: 1 for the same. */
function likeness(heard: Int16Array, wanted: Int16Array): number {
  let best = 0;
  for (let shift = 0; shift + 4_000 < heard.length && shift < 800; shift += 1) {
    let [product, own, other] = [0, 0, 0];
    for (let at = 0; at < Math.min(wanted.length, heard.length - shift); at += 3) {
      const [a = 0, b = 0] = [heard[at + shift], wanted[at]];
      product += a * b;
      own += a * a;
      other += b * b;
    }
    best = Math.max(best, product / Math.sqrt(own * other || 1));
  }
  return best;
}

for (const profile of PROFILES) {
  await describeWith(['ffmpeg'], `recordings on the ${profile} profile`, () => {
    let service: TestService;
    beforeAll(async () => {
      service = await openService(profile);
    });
    afterAll(() => service?.close());
    const authorized = () => ({ authorization: `Bearer ${service.key}` });

    it.each<[string, Buffer, string]>([
      ['WAV', wavOf(melody), 'audio/wav'],
      ['MP3', toMp3(wavOf(melody)), 'audio/mpeg'],
      [
        'WAV of 24 bit, stereo, 44.1 kHz',
        encode(wavOf(melody), '-ac', '2', '-ar', '44100', '-c:a', 'pcm_s24le', '-f', 'wav'),
        'application/octet-stream',
      ],
    ])('%s is kept as calls play it', async (_, file, type) => {
      const uploaded = await upload(service, file, type, '?name=Closed%20today');
      expect(uploaded).toMatchObject({
        status: 201,
        body: {
          id: expect.stringMatching(/^rec_/),
          name: 'Closed today',
          format: type === 'audio/mpeg' ? 'mp3' : 'wav',
        },
      });
      const { id, duration_seconds: seconds } = uploaded.body;
      expect(Math.abs(seconds - 1.2)).toBeLessThan(0.3);
      expect((await service.call('GET', `/v1/recordings/${id}`)).body).toEqual(uploaded.body);
      const { bytes, type: served } = await download(service, `/v1/recordings/${id}/audio`, authorized());
      expect(served).toBe('audio/wav');
      const recording = readWav(bytes);
      expect(recording?.rate).toBe(8_000);
      expect(likeness(recording?.samples ?? new Int16Array(), melody)).toBeGreaterThan(0.9);
    });

    it('are listed newest first, a page at a time, deleted, and told of', async () => {
      const ids: string[] = [];
      for (let count = 0; count < 3; count++) {
        service.clock.now += 1;
        ids.unshift((await upload(service, wavOf(melody))).body.id);
      }
      const first = await service.call('GET', '/v1/recordings?limit=2');
      expect(first.body.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2));
      const second = await service.call('GET', `/v1/recordings?limit=1&cursor=${first.body.next_cursor}`);
      expect(second.body.data).toMatchObject([{ id: ids[2] }]);
      expect((await service.call('DELETE', `/v1/recordings/${ids[0]}`)).status).toBe(204);
      expect((await service.call('DELETE', `/v1/recordings/${ids[0]}`)).status).toBe(404);
      expect((await service.call('GET', `/v1/recordings/${ids[0]}`)).status).toBe(404);
      await service.recorded();
      const events = await service.call('GET', '/v1/events?type=recording.*&limit=2');
      expect(events.body.data).toMatchObject([
        { type: 'recording.deleted', data: { recording_id: ids[0] } },
        { type: 'recording.created', data: { recording_id: ids[0], duration_ms: 1_200 } },
      ]);
    });

    it('are not there for another project or mode', async () => {
      const { id } = (await upload(service, wavOf(melody))).body;
      const other = (await service.call('POST', '/v1/projects', { name: 'Other' })).body.id;
      const keyOf = async (input: object) =>
        (await service.call('POST', '/v1/keys', { name: 'k', scopes: ['messages:send', 'messages:read'], ...input }))
          .body.key;
      for (const key of [await keyOf({ project: other, mode: 'test' }), await keyOf({ mode: 'live' })]) {
        for (const [method, path] of [
          ['GET', ''],
          ['GET', '/audio'],
          ['DELETE', ''],
        ] as const) {
          expect((await service.call(method, `/v1/recordings/${id}${path}`, undefined, { key })).status).toBe(404);
        }
        expect((await service.call('GET', '/v1/recordings', undefined, { key })).body.data).toEqual([]);
      }
    });

    it('are fetched by a link, without a key, from any instance, for ten minutes', async () => {
      const { id } = (await upload(service, wavOf(melody))).body;
      const { links } = service.services.delivery;
      const url = links.make(id, service.clock.now);
      const other = links.make((await upload(service, wavOf(melody))).body.id, service.clock.now);
      const second = await openTestService(profile, { beside: service });
      onTestFinished(() => second.close());
      const fetched = await download(second, url);
      expect([fetched.status, fetched.type]).toEqual([200, 'audio/wav']);
      expect(readWav(fetched.bytes)?.samples).toEqual(melody);
      const forged = url.replace(/.(?=\.wav$)/, (last) => (last === 'A' ? 'Q' : 'A'));
      for (const bad of [forged, `/recordings/${id}/x.wav`, other.replace(/rec_\w+/, id)]) {
        expect((await download(service, bad)).status, bad).toBe(404);
      }
      service.clock.now += 600_000;
      expect((await download(service, url)).status).toBe(404);
    });
  });
}

await describeWith(['ffmpeg'], 'an upload', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await openService('embedded');
  });
  afterAll(() => service?.close());

  const noise = Buffer.alloc(400_000).map((_, at) => (at * 7_919) % 251);
  it.each<[string, Buffer, string]>([
    ['a picture that is called audio', Buffer.from('\x89PNG\r\n'.padEnd(500)), 'It is neither WAV nor MP3.'],
    ['nothing', Buffer.alloc(0), 'It is neither WAV nor MP3.'],
    ['a file cut off', wavOf(melody).subarray(0, 9_000), 'The file is cut off.'],
    ['a click', wavOf(tone([440], 100)), 'There is next to nothing in it.'],
    [
      'an hour in a small file',
      wavFile({ tag: 1, channels: 1, rate: 4_000, bits: 8 }, Buffer.alloc(1_000_000)),
      'It is longer than 180 seconds.',
    ],
    [
      'frames that cannot be decoded',
      Buffer.concat(
        Array.from({ length: 100 }, (_, at) =>
          Buffer.concat([mp3Frames(1).subarray(0, 4), noise.subarray(at, at + 413)]),
        ),
      ),
      'It is damaged: it cannot be played whole.',
    ],
    [
      'a second format behind the first',
      riff(format(), format({ bits: 8, rate: 4_000 }), chunk('data', Buffer.alloc(16_000))),
      'It is damaged: it cannot be played whole.',
    ],
  ])('of %s is refused, and says why', async (_, file, detail) => {
    expect(await upload(service, file)).toMatchObject({ status: 422, body: { code: 'invalid_recording', detail } });
    expect((await service.call('GET', '/v1/recordings')).body.data).toEqual([]);
  });

  it('of more than 10 MB is refused', async () => {
    expect(await upload(service, Buffer.alloc(10_000_001))).toMatchObject({
      status: 413,
      body: { code: 'body_too_large' },
    });
  });

  it('needs the scope, and a name of one line', async () => {
    const { body } = await service.call('POST', '/v1/keys', { name: 'k', scopes: ['messages:read'] });
    expect((await upload(service, wavOf(melody), 'audio/wav', '', body.key)).status).toBe(403);
    for (const query of ['?name=', '?name=a%0Ab', `?name=${'x'.repeat(81)}`, '?nobody=1']) {
      expect((await upload(service, wavOf(melody), 'audio/wav', query)).status).toBe(422);
    }
  });
});

it.each<[string, string[], object]>([
  ['is not there', ['/nonexistent/ffmpeg'], { status: 501, body: { code: 'recordings_unavailable' } }],
  ['fails', ['false'], { status: 422, body: { code: 'invalid_recording' } }],
  [
    'writes without end',
    [process.execPath, '-e', 'const write = () => process.stdout.write(Buffer.alloc(1e6), write); write()'],
    { status: 422, body: { code: 'invalid_recording' } },
  ],
])('where the program that converts %s, it is said so', async (_, transcoder, expected) => {
  const service = await openService('embedded', { recordings: { transcoder } });
  onTestFinished(() => service.close());
  expect(await upload(service, wavOf(melody))).toMatchObject(expected);
});

await describeWith(['sox', 'ffmpeg'], 'another program', () => {
  it('converts as well', async () => {
    const transcoder = ['sox', '-t', '{format}', '-', '-r', '8000', '-c', '1', '-b', '16', '-t', 'wav', '-'];
    const service = await openService('embedded', { recordings: { transcoder } });
    onTestFinished(() => service.close());
    const uploaded = await upload(service, toMp3(wavOf(melody)), 'audio/mpeg');
    expect(uploaded).toMatchObject({ status: 201, body: { format: 'mp3' } });
  });
});

it('the program is told what to read, and opens nothing but its pipes', () => {
  expect(FFMPEG.join(' ')).toContain('-protocol_whitelist pipe -f {format} -i pipe:0');
});
