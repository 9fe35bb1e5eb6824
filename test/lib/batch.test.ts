import { describe, expect, it } from 'vitest';
import { createBatcher } from '../../src/lib/batch.ts';

describe('a batcher', () => {
  function recording(maxSize = 100) {
    const runs: number[][] = [];
    const gates: (() => void)[] = [];
    const batch = createBatcher(async (inputs: number[]) => {
      runs.push(inputs);
      await new Promise<void>((resolve) => gates.push(resolve));
      return inputs.map((input) => input * 2);
    }, maxSize);
    /** Lets the run under way end, and the next begin. */
    const release = async () => {
      gates.shift()?.();
      await new Promise(setImmediate);
    };
    return { runs, batch, release };
  }

  it('runs calls of the same moment together, each with its own answer', async () => {
    const { runs, batch, release } = recording();
    const calls = Promise.all([batch(1), batch(2), batch(3)]);
    await new Promise(setImmediate);
    await release();
    expect(await calls).toEqual([2, 4, 6]);
    expect(runs).toEqual([[1, 2, 3]]);
  });

  it('gathers what comes while a run is under way, up to its size', async () => {
    const { runs, batch, release } = recording(2);
    const calls = [batch(1)];
    await new Promise(setImmediate);
    calls.push(batch(2), batch(3), batch(4));
    expect(runs).toEqual([[1]]);
    for (let i = 0; i < 3; i += 1) await release();
    expect(await Promise.all(calls)).toEqual([2, 4, 6, 8]);
    expect(runs).toEqual([[1], [2, 3], [4]]);
  });

  it('fails the calls of a run that fails, and goes on', async () => {
    let attempts = 0;
    const batch = createBatcher(async (inputs: number[]) => {
      attempts += 1;
      if (attempts === 1) throw new Error('no');
      return inputs;
    }, 10);
    const results = await Promise.allSettled([batch(1), batch(2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await batch(3)).toBe(3);
  });
});
