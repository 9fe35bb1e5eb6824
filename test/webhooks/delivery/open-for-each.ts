import { afterEach, beforeEach, expect } from 'vitest';
import type { Databases } from '../../db/on-each-dialect.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { openRig, type Rig, type RigOptions } from './rig.ts';

/** Every test gets a rig and a receiver of its own; a failure of the service that no test looks for is one. */
export function openForEach(
  databases: Databases,
  give: (rig: Rig, receiver: Receiver) => void,
  options: RigOptions = {},
): void {
  let rig: Rig;
  let receiver: Receiver;
  beforeEach(async () => {
    rig = await openRig(await databases.open(), options);
    receiver = await openReceiver();
    give(rig, receiver);
  });
  afterEach(async () => {
    await rig.close();
    await receiver[Symbol.asyncDispose]();
    expect(rig.errors).toEqual([]);
  });
}
