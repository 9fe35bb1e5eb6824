import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../src/db/redis/url.ts';

describe('a Redis URL', () => {
  it.each([
    ['redis://localhost', { kind: 'single', tls: false, host: 'localhost', port: 6379, db: 0 }],
    ['redis://10.0.0.1:7000/3', { kind: 'single', tls: false, host: '10.0.0.1', port: 7000, db: 3 }],
    ['rediss://[::1]:7000/', { kind: 'single', tls: true, host: '::1', port: 7000, db: 0 }],
    [
      'redis://app:p%40ss%3Aw%2Frd@redis.example',
      { kind: 'single', tls: false, host: 'redis.example', port: 6379, db: 0, username: 'app', password: 'p@ss:w/rd' },
    ],
    ['redis://:secret@h', { kind: 'single', tls: false, host: 'h', port: 6379, db: 0, password: 'secret' }],
    [
      'redis+sentinel://app:secret@s1,s2:5000/my-master?db=2&sentinel_password=other',
      {
        kind: 'sentinel',
        tls: false,
        sentinels: [
          { host: 's1', port: 26379 },
          { host: 's2', port: 5000 },
        ],
        master: 'my-master',
        db: 2,
        username: 'app',
        password: 'secret',
        sentinelPassword: 'other',
      },
    ],
    [
      'rediss+cluster://h1:7000,h2:7001,h3',
      {
        kind: 'cluster',
        tls: true,
        nodes: [
          { host: 'h1', port: 7000 },
          { host: 'h2', port: 7001 },
          { host: 'h3', port: 6379 },
        ],
      },
    ],
  ])('%s', (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address);
  });

  it.each([
    '',
    'localhost:6379',
    'http://localhost',
    'redis://',
    'redis://h:port',
    'redis://h1,h2',
    'redis://h/db',
    'redis+sentinel://h1,h2',
    'redis+sentinel://h1/master?db=x',
    'redis+cluster://h1:7000/1',
    'redis+cluster://h1,',
    'redis+other://h1',
  ])('refused: %s', (url) => {
    expect(parseRedisUrl(url)).toBeNull();
  });
});
