import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { isOwnAddress, isPublicAddress } from '../../src/lib/public-address.ts';

test.each([
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.255', '169.254.169.254', '172.16.0.1'],
  ...['172.31.255.255', '192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.51.100.1'],
  ...['203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::7f00:1', '64:ff9b::7f00:1', '64:ff9b:1::1', '100::1'],
  ...['fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%lo', 'fec0::1', 'ff02::1', '2606:4700::1111%lo'],
  ...['2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '2002:0a00:0001::1', '5f00::1'],
  ...['', 'example.com', '127.1', '2130706433'],
])('%s is not of the public Internet', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['1.1.1.1', '8.8.8.8', '100.63.255.255', '172.15.0.1', '172.32.0.1', '192.167.1.1', '223.255.255.255'])(
  '%s is',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test.each(['2606:4700::1111', '2a00:1450::1', '2400:cb00::1', '3000::1'])('%s is', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test('every address of this machine is its own, and no other', () => {
  const mine = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  expect(mine.length).toBeGreaterThan(0);
  for (const { address } of mine) expect(isOwnAddress(address), address).toBe(true);
  expect(isOwnAddress('8.8.8.8')).toBe(false);
  expect(isOwnAddress('2606:4700::1111')).toBe(false);
});
