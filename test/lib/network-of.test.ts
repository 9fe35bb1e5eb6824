import { expect, it } from 'vitest';
import { networkOf } from '../../src/lib/network-of.ts';

it('addresses of one /64 count as one, however they are written', () => {
  const spellings = [
    '2001:db8:1:2::1',
    '2001:DB8:1:2:ffff:ffff:ffff:ffff',
    '2001:0db8:0001:0002:0000:0000:0000:0009',
    '2001:db8:1:2::192.0.2.1',
    '2001:db8:1:2::1%eth0',
  ];
  expect(new Set(spellings.map(networkOf))).toEqual(new Set(['2001:db8:1:2']));
  expect(networkOf('2001:db8:1:3::1')).not.toBe(networkOf('2001:db8:1:2::1'));
});

it('an IPv4 address counts as itself, also when it is written as IPv6', () => {
  const spellings = ['192.0.2.129', '::ffff:192.0.2.129', '::FFFF:c000:281', '0:0:0:0:0:ffff:c000:0281'];
  expect(new Set(spellings.map(networkOf))).toEqual(new Set(['192.0.2.129']));
  expect(networkOf('192.0.2.130')).not.toBe(networkOf('192.0.2.129'));
});

it.each([
  ['::', '0:0:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::', 'fe80:0:0:0'],
  ['1::8', '1:0:0:0'],
  ['1:2:3:4:5:6:7::', '1:2:3:4'],
])('%s is of the network %s', (ip, network) => expect(networkOf(ip)).toBe(network));

it('what is no address, from a proxy that was believed, counts as itself', () => {
  expect(networkOf('unknown')).toBe('unknown');
  expect(networkOf('zz::1')).toBe('zz::1');
});
