import { expect, it } from 'vitest';
import { type CircuitBreaker, createCircuitBreaker } from '../../../src/delivery/routing/circuit-breaker.ts';
import { NOW, SECOND } from './routing-rig.ts';

const DOWN = { kind: 'failed', reason: 'unavailable' } as const;
const HUNG = { kind: 'outcome_unknown', reason: 'timeout' } as const;
const FINE = { kind: 'accepted', reason: null } as const;
const WRONG_NUMBER = { kind: 'rejected', reason: 'invalid_recipient' } as const;
const NO_CREDIT = { kind: 'rejected', reason: 'insufficient_credit' } as const;
const OURS = { kind: 'outcome_unknown', reason: 'process_lost' } as const;

type Outcome = Parameters<CircuitBreaker['tried']>[0];

function breakerAfter(...outcomes: Outcome[]): CircuitBreaker {
  const breaker = createCircuitBreaker();
  for (const outcome of outcomes) breaker.tried(outcome, NOW);
  return breaker;
}

const times = (count: number, outcome: Outcome) => Array<Outcome>(count).fill(outcome);
const opened = () => breakerAfter(...times(5, DOWN));
const stateOf = (breaker: CircuitBreaker, at = NOW) => breaker.read(at).state;

it.each([
  ['refused connections', DOWN],
  ['calls that hang', HUNG],
  ['no credit', NO_CREDIT],
])('five failures in a row open it: %s', (_, outcome) => {
  expect(stateOf(breakerAfter(...times(4, outcome)))).toBe('closed');
  const breaker = breakerAfter(...times(4, outcome));
  expect(breaker.tried(outcome, NOW)).toBe('open');
  expect(breaker.read(NOW)).toEqual({ state: 'open', reopensAt: NOW + 5 * SECOND });
});

it('one message that goes through in between starts the count anew', () => {
  expect(stateOf(breakerAfter(...times(4, DOWN), FINE, ...times(4, DOWN)))).toBe('closed');
});

it('a carrier that refuses numbers works', () => {
  expect(stateOf(breakerAfter(...times(100, WRONG_NUMBER)))).toBe('closed');
  expect(stateOf(breakerAfter(...times(4, DOWN), WRONG_NUMBER, ...times(4, DOWN)))).toBe('closed');
});

it('what is not the carrier’s doing counts neither way', () => {
  expect(stateOf(breakerAfter(...times(100, OURS)))).toBe('closed');
  expect(stateOf(breakerAfter(...times(4, DOWN), OURS, DOWN))).toBe('open');
});

it('half of twenty within half a minute open it, however they are mixed', () => {
  const pairs = Array.from({ length: 10 }, () => [FINE, DOWN]).flat();
  expect(stateOf(breakerAfter(...pairs.slice(0, -1)))).toBe('closed');
  expect(stateOf(breakerAfter(...pairs))).toBe('open');
});

it('a third of them does not open it, and older ones are forgotten', () => {
  const thirds = Array.from({ length: 40 }, () => [FINE, FINE, DOWN]).flat();
  expect(stateOf(breakerAfter(...thirds))).toBe('closed');
  const breaker = createCircuitBreaker();
  for (let at = 0; at < 40; at += 1) {
    // One pair in four seconds: at most sixteen tries in any half minute.
    breaker.tried(FINE, NOW + at * 4 * SECOND);
    breaker.tried(DOWN, NOW + at * 4 * SECOND);
  }
  expect(stateOf(breaker, NOW + 160 * SECOND)).toBe('closed');
});

it('after its pause one message probes while the others stay away', () => {
  const breaker = opened();
  expect(stateOf(breaker, NOW + 4_999)).toBe('open');
  expect(stateOf(breaker, NOW + 5_000)).toBe('half_open');
  breaker.probing(NOW + 5_000);
  expect(stateOf(breaker, NOW + 5_001)).toBe('open');
  expect(breaker.tried(FINE, NOW + 6_000)).toBe('closed');
  expect(stateOf(breaker, NOW + 6_000)).toBe('closed');
});

it('each probe that fails doubles the pause, up to two minutes', () => {
  const breaker = opened();
  const pauses: number[] = [];
  let now = NOW;
  for (let probe = 0; probe < 7; probe += 1) {
    now = breaker.read(now).reopensAt;
    breaker.probing(now);
    breaker.tried(HUNG, now);
    pauses.push((breaker.read(now).reopensAt - now) / SECOND);
  }
  expect(pauses).toEqual([10, 20, 40, 80, 120, 120, 120]);
});

it('a circuit that closed begins with a short pause again', () => {
  const breaker = opened();
  breaker.tried(DOWN, NOW + 5_000);
  breaker.tried(FINE, NOW + 15_000);
  for (const outcome of times(5, DOWN)) breaker.tried(outcome, NOW + 20_000);
  expect(breaker.read(NOW + 20_000).reopensAt).toBe(NOW + 25_000);
});

it('a probe that nobody heard of again gives way to the next', () => {
  const breaker = opened();
  breaker.probing(NOW + 5_000);
  expect(stateOf(breaker, NOW + 19_999)).toBe('open');
  expect(stateOf(breaker, NOW + 20_000)).toBe('half_open');
});

it('what was under way when it opened neither lengthens the pause nor ends it', () => {
  const breaker = opened();
  for (const outcome of [...times(50, DOWN), FINE]) breaker.tried(outcome, NOW + 100);
  expect(breaker.read(NOW + 100)).toEqual({ state: 'open', reopensAt: NOW + 5_000 });
});

it('a failure long ago does not open it together with new ones', () => {
  const breaker = createCircuitBreaker();
  for (const outcome of [...times(9, DOWN).flatMap((one) => [one, FINE])]) breaker.tried(outcome, NOW);
  breaker.tried(FINE, NOW + 31 * SECOND);
  breaker.tried(DOWN, NOW + 31 * SECOND);
  expect(stateOf(breaker, NOW + 31 * SECOND)).toBe('closed');
});
