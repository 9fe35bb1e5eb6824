import { expect, it } from 'vitest';
import { substitute, type Unset } from '../../src/lib/substitute.ts';

/** As a configuration file has it. */
const place = (name: string) => `$\{${name}}`;

function run(value: unknown, values: Record<string, string>) {
  const unset: Unset[] = [];
  return { value: substitute(value, values, unset), unset };
}

it('puts values where their names stand, in strings at any depth, and nowhere else', () => {
  const given = { a: [`x${place('A')}y${place('B')}`, 7, null], [place('A')]: { b: place('B') } };
  expect(run(given, { A: '1', B: '2' })).toEqual({
    value: { a: ['x1y2', 7, null], [place('A')]: { b: '2' } },
    unset: [],
  });
});

it('says where a name stands that has no value, or an empty one', () => {
  expect(run({ 'a/b': [place('NONE'), place('EMPTY')] }, { EMPTY: '' }).unset).toEqual([
    { pointer: '/a~1b/0', name: 'NONE' },
    { pointer: '/a~1b/1', name: 'EMPTY' },
  ]);
});

it('leaves what is escaped, and reads nothing in a value again', () => {
  expect(run(`$${place('A')} ${place('A')}`, { A: place('B'), B: 'secret' }).value).toBe(`${place('A')} ${place('B')}`);
});

it('takes no member of every object for a value', () => {
  expect(run(place('constructor'), {}).unset).toHaveLength(1);
});
