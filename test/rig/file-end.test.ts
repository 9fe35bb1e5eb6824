import { expect, it } from 'vitest';
import { atFileEnd, endFile } from './file-end.ts';

it('what a file leaves open is closed at its end, newest first, once, and not what it closed itself', async () => {
  const closed: string[] = [];
  atFileEnd(() => closed.push('store'));
  const forget = atFileEnd(() => closed.push('closed before'));
  atFileEnd(async () => {
    await new Promise(setImmediate);
    closed.push('service');
  });
  forget();
  await endFile();
  await endFile();
  expect(closed).toEqual(['service', 'store']);
});
