import { describe, expect, test } from 'vitest';
import { createTargetGuard, type TargetRules } from '../../src/lib/target-guard.ts';

const refuse = (url: string, rules?: TargetRules) => createTargetGuard({ ports: [443, 8443], ...rules }).refuse(url);

test.each([
  'https://example.com',
  'https://example.com/hook?a=1',
  'https://example.com:443/',
  'https://example.com:8443/',
  'https://1.1.1.1/',
  'https://[2606:4700::1111]/',
  'https://bücher.example/',
  'https://a_b.example.com/',
])('%s may be called', (url) => {
  expect(refuse(url)).toBeNull();
});

describe('an address that is not public is refused, however it is written', () => {
  test.each([
    ['decimal', 'https://2130706433/'],
    ['hexadecimal', 'https://0x7f000001/'],
    ['hexadecimal parts', 'https://0x7f.0x0.0x0.0x1/'],
    ['octal', 'https://0177.0.0.1/'],
    ['octal in one', 'https://017700000001/'],
    ['short', 'https://127.1/'],
    ['shorter', 'https://0/'],
    ['mixed', 'https://0x7f.1/'],
    ['with leading zeros', 'https://0000177.0.0.1/'],
    ['with a trailing dot', 'https://127.0.0.1./'],
    ['full-width', 'https://１２７.０.０.１/'],
    ['ideographic dots', 'https://127。0。0。1/'],
    ['circled digits', 'https://①②⑦.⓪.⓪.①/'],
    ['percent-encoded', 'https://%31%32%37.0.0.1/'],
    ['link-local, of clouds', 'https://169.254.169.254/latest/meta-data/'],
    ['link-local, as a number', 'https://2852039166/'],
    ['private', 'https://10.0.0.1/'],
    ['carrier-grade NAT', 'https://100.64.0.1/'],
    ['broadcast', 'https://255.255.255.255/'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['IPv6 loopback in full', 'https://[0000:0000:0000:0000:0000:0000:0000:0001]/'],
    ['unspecified', 'https://[::]/'],
    ['mapped', 'https://[::ffff:127.0.0.1]/'],
    ['mapped, in hex', 'https://[::ffff:7f00:1]/'],
    ['mapped and public', 'https://[::ffff:8.8.8.8]/'],
    ['compatible', 'https://[::127.0.0.1]/'],
    ['NAT64', 'https://[64:ff9b::127.0.0.1]/'],
    ['NAT64 of one’s own', 'https://[64:ff9b:1::10.0.0.1]/'],
    ['6to4', 'https://[2002:7f00:1::]/'],
    ['Teredo', 'https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/'],
    ['unique local', 'https://[fd00:ec2::254]/'],
    ['IPv6 link-local', 'https://[fe80::1]/'],
    ['with a zone', 'https://[fe80::1%25lo]/'],
    ['IPv6 multicast', 'https://[ff02::1]/'],
  ])('%s', (_, url) => {
    expect(refuse(url)).not.toBeNull();
  });
});

describe('a name that is not of the public Internet is refused', () => {
  test.each([
    'https://localhost/',
    'https://LOCALHOST/',
    'https://localhost./',
    'https://ｌｏｃａｌｈｏｓｔ/',
    'https://app.localhost/',
    'https://printer.local/',
    'https://metadata.google.internal/',
    'https://router.home.arpa/',
    'https://metadata/',
    'https://example.com./',
    'https://-.example.com:443/',
  ])('%s', (url) => {
    expect(refuse(url)).toBe('must have a host name of the public Internet');
  });
});

test.each([
  ['http://example.com/', 'must begin with https://'],
  ['ftp://example.com/', 'must begin with https://'],
  ['file:///etc/passwd', 'must begin with https://'],
  ['gopher://example.com/', 'must begin with https://'],
  ['https://user@example.com/', 'must not hold credentials'],
  ['https://user:secret@example.com/', 'must not hold credentials'],
  ['https://example.com:secret@127.0.0.1/', 'must not hold credentials'],
  ['https://example.com/#part', 'must not have a fragment'],
  ['https://example.com:22/', 'must have one of the ports 443, 8443'],
  ['https://example.com:80/', 'must have one of the ports 443, 8443'],
  ['https://example.com:6379/', 'must have one of the ports 443, 8443'],
  ['https://127.0.0.1\\@example.com/', 'is not a URL'],
  ['https://exa\nmple.com/', 'is not a URL'],
  ['https://example.com/a b', 'is not a URL'],
  ['https://exam\u00adple.com/', 'is not a URL'],
  [' https://example.com/', 'is not a URL'],
  ['//example.com/', 'is not a URL'],
  ['https://', 'is not a URL'],
  ['', 'is not a URL'],
])('%j: %s', (url, reason) => {
  expect(refuse(url)).toBe(reason);
});

test('a URL has a bounded length', () => {
  expect(refuse(`https://example.com/${'a'.repeat(2_100)}`)).toBe('must not be longer than 2048 characters');
});

test('this service is not its own receiver', () => {
  expect(refuse('https://otp.example.com/', { ownHosts: ['otp.example.com'] })).toBe('must not be this service');
});

test.each(['http://127.0.0.1:4567/hook', 'http://localhost:80/', 'https://10.0.0.1:9000/', 'http://receiver:8080/'])(
  'development may allow %s',
  (url) => {
    expect(refuse(url, { allowPrivate: true })).toBeNull();
  },
);

test.each(['ftp://127.0.0.1/', 'http://user:secret@127.0.0.1/', 'javascript:alert(1)'])(
  'and even then not %s',
  (url) => {
    expect(refuse(url, { allowPrivate: true })).not.toBeNull();
  },
);

describe('a host is looked up', () => {
  const guardOf = (...addresses: string[]) => createTargetGuard({ resolve: async () => addresses });
  const nobody = createTargetGuard({ resolve: () => Promise.reject(new Error('ENOTFOUND')) });
  const url = 'https://hook.example.com/';

  test('when it is named: one with a private address is refused, one that is not known yet is not', async () => {
    expect(await guardOf('8.8.8.8').look(url)).toBeNull();
    expect(await guardOf('8.8.8.8', '10.0.0.1').look(url)).toBe('must be at a public address');
    expect(await guardOf('::ffff:10.0.0.1').look(url)).toBe('must be at a public address');
    expect(await nobody.look(url)).toBeNull();
  });

  function ask({ lookup }: { lookup: ReturnType<typeof createTargetGuard>['lookup'] }, all: boolean) {
    return new Promise<unknown[]>((resolve) => lookup?.('hook.example.com', { all }, (...args) => resolve(args)));
  }

  test.each([
    ['one of its addresses is private', guardOf('8.8.8.8', '10.0.0.1')],
    ['one is IPv4 in IPv6', guardOf('64:ff9b::7f00:1')],
    ['it has none', guardOf()],
  ])('when it is connected to: refused where %s', async (_, guard) => {
    for (const all of [true, false]) expect((await ask(guard, all))[0]).toMatchObject({ code: 'blocked' });
  });

  test('what was looked at is handed on, in the form that was asked for', async () => {
    const guard = guardOf('8.8.8.8', '2606:4700::1111');
    const found = [
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ];
    expect(await ask(guard, true)).toEqual([null, found]);
    expect(await ask(guard, false)).toEqual([null, '8.8.8.8', 4]);
  });

  test('one that is not found is an error of the look-up', async () => {
    expect((await ask(nobody, true))[0]).toMatchObject({ message: 'ENOTFOUND' });
  });
});
