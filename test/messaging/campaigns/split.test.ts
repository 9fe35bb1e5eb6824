import { expect, it } from 'vitest';
import { assignVariant, type Experiment } from '../../../src/messaging/campaigns/split.ts';

const experiment: Experiment = {
  variants: [
    { id: 'a', weight: 3, content: {} },
    { id: 'b', weight: 1, content: {} },
  ],
  ...{ sample_percent: 40, winner_by: 'clicks', decide_after_seconds: 60 },
};
const contacts = Array.from({ length: 5_000 }, (_, index) => `con_${index}`);

it('parts are as large as they were asked to be, and the rest is left', () => {
  const parts = Map.groupBy(contacts, (contact) => assignVariant(experiment, 'cmp_1', contact));
  const share = (part: string | null) => (parts.get(part)?.length ?? 0) / contacts.length;
  expect(share('a')).toBeCloseTo(0.3, 1);
  expect(share('b')).toBeCloseTo(0.1, 1);
  expect(share(null)).toBeCloseTo(0.6, 1);
});

it('a contact gets the same variant whenever it is asked, and is in other parts of other campaigns', () => {
  const first = contacts.map((contact) => assignVariant(experiment, 'cmp_1', contact));
  expect(contacts.map((contact) => assignVariant(experiment, 'cmp_1', contact))).toEqual(first);
  const other = contacts.map((contact) => assignVariant(experiment, 'cmp_2', contact));
  const same = other.filter((variant, index) => variant === first[index]).length;
  // 0.3² + 0.1² + 0.6²
  expect(same / contacts.length).toBeCloseTo(0.46, 1);
});

it('with the whole audience as the sample nobody is left', () => {
  const all = { ...experiment, sample_percent: 100 };
  expect(contacts.filter((contact) => assignVariant(all, 'cmp_1', contact) === null)).toEqual([]);
});
