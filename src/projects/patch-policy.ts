import type { PolicyOverrides } from './projects.ts';

/**
 * JSON Merge Patch (RFC 7396): objects member by member, null takes an override away, anything else is replaced.
 * `test_numbers` is replaced as a whole, like a list: its members are no settings but numbers.
 */
export function patchPolicy(before: PolicyOverrides, patch: PolicyOverrides): PolicyOverrides {
  const { test_numbers: numbers, ...rest } = patch;
  const after = merge(before, rest);
  if (numbers === null) delete after.test_numbers;
  else if (numbers !== undefined) after.test_numbers = numbers;
  return after;
}

function merge(before: PolicyOverrides, patch: PolicyOverrides): PolicyOverrides {
  const after = { ...before };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete after[name];
    else after[name] = isObject(value) ? merge(asObject(after[name]), value) : value;
  }
  return after;
}

function asObject(value: unknown): PolicyOverrides {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is PolicyOverrides {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
