import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from './caller.ts';

const trunk = { host: 'sip.example.com' };
const problemsOf = (over: object) =>
  readConfig({ trunks: [trunk], ...over }).problems.map(({ pointer, message }) => `${pointer} ${message}`);

it('the trunk of the guide is a configuration', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/guides/voice.md', 'utf8')) ?? [];
  const { type, ...config } = parse(yaml).providers.trunk;
  expect(type).toBe('sip');
  expect(readConfig(config).problems).toEqual([]);
});

it.each<[object, string]>([
  [{ trunks: [] }, '/trunks'],
  [{ trunks: [{ ...trunk, host: 'sip:example.com/' }] }, '/trunks/0/host'],
  [
    { trunks: [trunk, { ...trunk, username: 'a' }] },
    '/trunks/1/password username and password belong together: give both or neither',
  ],
  [{ trunks: [{ ...trunk, register: true }] }, '/trunks/0/register needs username and password'],
  [{ trunks: [{ ...trunk, srtp: true }] }, '/trunks/0/srtp its keys would be sent in clear: set transport to tls'],
  [{ speech: {} }, '/speech nothing can be said: give prompts, command or both'],
  [{ rtp_ports: { first: 20_000, last: 20_001 } }, '/rtp_ports last must be above first, with two ports for each call'],
  [{ tls: { cert: 'x' } }, '/tls cert and key belong together: give both or neither'],
  [{ tls: { cert: 'x', key: 'y' } }, '/tls ca, cert and key must be PEM'],
  [{ t1_ms: 500, t2_ms: 100 }, '/t2_ms must be at least t1_ms'],
])('%j is refused with its remedy', (over, problem) => {
  expect(problemsOf(over)).toContainEqual(expect.stringContaining(problem));
});
