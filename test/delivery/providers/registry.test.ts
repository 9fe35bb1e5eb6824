import { expect, test } from 'vitest';
import type { ProviderType } from '../../../src/delivery/provider.ts';
import { type ProviderTypeName, providerTypes } from '../../../src/delivery/providers/registry.ts';
import { createSchemaCheck } from '../../../src/lib/schema-check.ts';

test.each(Object.keys(providerTypes) as ProviderTypeName[])(
  '%s: can be loaded, and takes no member that it does not know',
  async (name) => {
    const type: ProviderType<unknown> = await providerTypes[name]();
    expect(type.create).toBeTypeOf('function');
    const errors = createSchemaCheck(type.schema, { defaults: true })({ nonsense: true });
    expect(errors).toContainEqual({ pointer: '/nonsense', message: 'is not known' });
  },
);
