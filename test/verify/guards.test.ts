import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createGuards } from '../../src/verify/guards.ts';
import { createPolicyResolver } from '../../src/verify/policy.ts';

const guards = createGuards(createSecretKey(Buffer.alloc(32, 7)));
const policy = createPolicyResolver({})({});
const who = { project: 'prj_1', mode: 'live' as const, recipient: 'hash', prefix: 'prefix' };
const limitsOf = (change: object = {}) => {
  const changed = { ...who, ip: '203.0.113.7', ...change };
  return guards.sendLimits({ ...changed, subject: guards.subjectHash(changed, 'u1') }, policy);
};
const keyOf = (name: string, change: object = {}) => limitsOf(change).find((limit) => limit.name === name)?.key;

describe('the limits of a send', () => {
  it('count a recipient over all projects, and everything else within one', () => {
    const other = { project: 'prj_2' };
    for (const name of ['recipient_cooldown', 'recipient_10_minutes', 'recipient_day', 'prefix']) {
      expect(keyOf(name, other)).toBe(keyOf(name));
    }
    for (const name of ['project', 'ip', 'subject']) expect(keyOf(name, other)).not.toBe(keyOf(name));
  });

  it('keep test and live traffic apart', () => {
    for (const name of ['recipient_cooldown', 'recipient_day', 'prefix', 'project', 'ip', 'subject']) {
      expect(keyOf(name, { mode: 'test' })).not.toBe(keyOf(name));
    }
  });

  it('count an IPv6 network as one address, however it is written', () => {
    const same = ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:0DB8:0001:0002:0:0:0:9'];
    for (const ip of same) expect(keyOf('ip', { ip })).toBe(keyOf('ip', { ip: same[0] }));
    expect(keyOf('ip', { ip: '2001:db8:1:3::1' })).not.toBe(keyOf('ip', { ip: same[0] }));
    expect(keyOf('ip', { ip: '::ffff:203.0.113.7' })).toBe(keyOf('ip', { ip: '203.0.113.7' }));
  });

  it('name nobody in their keys', () => {
    const keys = JSON.stringify(limitsOf());
    expect(keys).not.toMatch(/33612345678|203\.0\.113\.7|"u1"/);
  });
});

describe('a policy in production', () => {
  it('has no test numbers, whatever is stored', () => {
    const stored = () => ({ test_numbers: { '+33612345678': '123456' } });
    expect(createPolicyResolver({})(stored()).test_numbers).toEqual(stored().test_numbers);
    expect(createPolicyResolver(stored(), { production: true })(stored()).test_numbers).toEqual({});
  });
});

describe('the budgets of failed guesses', () => {
  it('give a device that was approved before a window of its own, and share the run of failures with everyone', () => {
    const stranger = guards.guessBudgets({ ...who, deviceId: 'd1' }, policy, false);
    const owner = guards.guessBudgets({ ...who, deviceId: 'd1' }, policy, true);
    expect(stranger.map(({ name, max, hardMax }) => ({ name, max, hardMax }))).toEqual([
      { name: 'recipient', max: 20, hardMax: 100 },
      { name: 'project', max: 1000, hardMax: 0 },
    ]);
    expect(owner.map(({ name, max, hardMax }) => ({ name, max, hardMax }))).toEqual([
      { name: 'recipient', max: 0, hardMax: 100 },
      { name: 'recipient', max: 20, hardMax: 0 },
      { name: 'project', max: 1000, hardMax: 0 },
    ]);
    expect(owner[0]?.key).toBe(stranger[0]?.key);
  });
});
