import { expect, it } from 'vitest';
import { createHostSlots } from '../../../src/webhooks/delivery/host-slots.ts';

it('what is asked for by hand waits until its host has room', async () => {
  const slots = createHostSlots(2, 8);
  slots.take('one');
  slots.take('one');
  const begun: string[] = [];
  const asked = ['a', 'b'].map((name) =>
    slots.run('one', async () => {
      begun.push(name);
      if (name === 'a') throw new Error('no answer');
    }),
  );
  const failed = expect(asked[0]).rejects.toThrow('no answer');
  await slots.run('two', async () => void begun.push('other'));
  expect(begun).toEqual(['other']);
  slots.free('one');
  await failed;
  await asked[1];
  expect(begun).toEqual(['other', 'a', 'b']);
  expect([slots.take('one'), slots.take('one')]).toEqual([true, false]);
});
