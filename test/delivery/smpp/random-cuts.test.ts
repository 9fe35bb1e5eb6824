import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SendVerdict } from '../../../src/delivery/provider.ts';
import { describeWith } from '../../rig/stores.ts';
import { BOUND, startCarrier } from './carrier.ts';
import { type Submitted, startSmsc } from './smsc.ts';

const LONG = 'All work and no play makes Jack a dull boy. '.repeat(8).trim();

const textOf = ({ octets }: Submitted) => Buffer.from(octets.short_message ?? '', 'hex').toString('latin1');

await describeWith(['net-smpp'], 'SMPP under random cuts', () => {
  it('whatever is cut, each message has one verdict, and it is true', { timeout: 120_000 }, async () => {
    const cuts = fc.record({
      binds: fc.integer({ min: 1, max: 3 }),
      window: fc.constantFrom(1, 5, 50),
      delay: fc.constantFrom(0, 3),
      fates: fc.array(fc.record({ after: fc.integer({ min: 1, max: 40 }), answers: fc.nat(1) }), {
        minLength: 3,
        maxLength: 6,
      }),
      long: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cuts, async ({ binds, window, delay, fates, long }) => {
        const smsc = await startSmsc();
        await smsc.set({ delay_ms: delay, id_format: '%d' });
        const { send, provider, untilLogged } = await startCarrier(smsc.port, { binds: [{ count: binds }], window });
        await untilLogged(BOUND);
        const verdicts = new Map<string, SendVerdict>();
        const sendOne = async (number: number) => {
          const name = `<${number}>`;
          const verdict = await send({ text: long && number % 5 === 0 ? `${name} ${LONG}` : name });
          verdicts.set(name, verdict);
        };
        const sent: Promise<void>[] = [];
        for (const [turn, { after, answers }] of fates.entries()) {
          await smsc.set({ cut_after: after, cut_answers: answers });
          for (let each = 0; each < 50; each++) sent.push(sendOne(turn * 50 + each));
          if (turn % 2 === 0) await smsc.tell({ cut: true });
        }
        await Promise.all(sent);
        await provider.close?.();
        expect(verdicts.size).toBe(sent.length);
        judge(await smsc.submits(), verdicts);
      }),
      { numRuns: 6 },
    );
  });
});

function judge(submits: Submitted[], verdicts: Map<string, SendVerdict>): void {
  const submitted = new Map<string, Submitted[]>();
  const byId = new Map(submits.map((submit) => [String(submit.id), submit]));
  for (const submit of submits) {
    const name = /<\d+>/.exec(textOf(submit))?.[0];
    if (name) submitted.set(name, [...(submitted.get(name) ?? []), submit]);
  }
  for (const [name, verdict] of verdicts) {
    // At most once: the first part, or the whole.
    expect(submitted.get(name)?.length ?? 0, name).toBeLessThanOrEqual(1);
    if (verdict.kind === 'accepted') {
      const ids = verdict.partIds ?? [verdict.providerId];
      for (const id of ids) expect(byId.get(id), name).toMatchObject({ status: 0, answers: true });
      expect(byId.get(ids[0] ?? '')).toBe(submitted.get(name)?.[0]);
    }
    if (verdict.kind === 'failed') expect(submitted.has(name), name).toBe(false);
  }
}
