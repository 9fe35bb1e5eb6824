import { expect, test } from 'vitest';
import { nearestName } from '../../src/lib/nearest-name.ts';

test.each<[string, string[], string | undefined]>([
  ['CODE', ['brand', 'code'], 'code'],
  ['first-Name', ['last_name', 'first_name'], 'first_name'],
  ['cox', ['cod'], 'cod'],
  ['cxx', ['cod'], undefined],
  ['barnd', ['code', 'brand'], 'brand'],
  ['codx', ['coda', 'code'], 'coda'],
  ['codes', ['code', 'codes_'], 'codes_'],
  ['zzzz', ['code'], undefined],
  ['code', [], undefined],
  ['', ['code'], undefined],
])('%j of %j is %s', (meant, names, nearest) => {
  expect(nearestName(meant, names)).toBe(nearest);
});
