import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigFileSchema } from '../../src/config.ts';
import { fillDefaults } from '../../src/lib/fill-defaults.ts';
import { PolicySchema } from '../../src/verify/policy.ts';

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
}

/** Values of which any member, at any depth, is missing, of another type, or an object or list again. */
function partsOf({ properties = {}, items }: Schema): fc.Arbitrary<unknown> {
  const other = fc.constantFrom(null, 7, 'x', []);
  const members = Object.entries(properties).map(([name, member]) => [name, partsOf(member)]);
  const object = fc.record(Object.fromEntries(members), { requiredKeys: [] });
  return fc.oneof(other, { arbitrary: object, weight: 3 }, items ? fc.array(partsOf(items), { maxLength: 2 }) : object);
}

describe.each([
  ['the policy', PolicySchema as Schema],
  ['the configuration', ConfigFileSchema as Schema],
])('the defaults of %s', (_name, schema) => {
  it('are those that Ajv fills in', () => {
    const ajvFill = new Ajv({ allErrors: true, useDefaults: true }).compile(schema);
    const property = fc.property(partsOf(schema), (value) => {
      const [ours, theirs] = [structuredClone(value), structuredClone(value)];
      fillDefaults(schema, ours);
      ajvFill(theirs);
      expect(ours).toEqual(theirs);
    });
    fc.assert(property, { numRuns: 100, examples: [[{}]] });
  });

  it('belong to one value each', () => {
    const [first, second]: [Record<string, unknown>, object] = [{}, {}];
    fillDefaults(schema, first);
    for (const member of Object.values(first))
      if (typeof member === 'object') Object.assign(member ?? {}, { changed: 1 });
    fillDefaults(schema, second);
    expect(JSON.stringify(second)).not.toContain('changed');
  });
});
