import { createSecretKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { installationIssuer } from '../../src/tokens/issuer.ts';

const hashKey = (n: number) => createSecretKey(Buffer.alloc(32, n));

it('is a name of the installation: the same for its hash key, another for another', () => {
  expect(installationIssuer(hashKey(1))).toMatch(/^urn:countersign:[0-9a-f]{16}$/);
  expect(installationIssuer(hashKey(1))).toBe(installationIssuer(hashKey(1)));
  expect(installationIssuer(hashKey(1))).not.toBe(installationIssuer(hashKey(2)));
});
