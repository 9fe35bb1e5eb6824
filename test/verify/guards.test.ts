import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../src/lib/channels.ts';
import { createGuards } from '../../src/verify/guards.ts';
import { limitsOfSend } from '../../src/verify/limits.ts';
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

  it('count an e-mail address like a recipient, over all numbers and projects, live and test apart', () => {
    const names = ['email_cooldown', 'email_10_minutes', 'email_day'];
    const other = { email: 'mailbox', recipient: 'other', project: 'prj_2', prefix: 'other' };
    for (const name of names) {
      expect(keyOf(name)).toBeUndefined();
      expect(keyOf(name, { email: 'mailbox' })).toBeDefined();
      expect(keyOf(name, other)).toBe(keyOf(name, { email: 'mailbox' }));
      expect(keyOf(name, { ...other, mode: 'test' })).not.toBe(keyOf(name, other));
      expect(keyOf(name, { email: 'another' })).not.toBe(keyOf(name, other));
    }
    expect(new Set(names.map((name) => keyOf(name, other))).size).toBe(3);
  });

  it('are taken by the sends that they are about', () => {
    const limits = limitsOf({ email: 'mailbox' });
    const namesOf = (...send: [Channel, boolean]) => limitsOfSend(limits, ...send).map(({ name }) => name);
    const always = ['recipient_10_minutes', 'recipient_day', 'prefix', 'project', 'ip', 'subject'];
    const mailed = ['email_10_minutes', 'email_day'];
    expect(namesOf('voice', false).toSorted()).toEqual(always.toSorted());
    expect(namesOf('sms', true).toSorted()).toEqual([...always, 'recipient_cooldown'].toSorted());
    expect(namesOf('email', false).toSorted()).toEqual([...always, ...mailed].toSorted());
    expect(namesOf('email', true).toSorted()).toEqual(limits.map(({ name }) => name).toSorted());
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
