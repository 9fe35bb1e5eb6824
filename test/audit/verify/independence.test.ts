import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { viewEvent } from '../../../src/audit/event-view.ts';
import { makeLeaf } from '../../../src/audit/log/leaf.ts';
import { PERSONAL_DATA } from '../../../src/audit/personal.ts';
import { canonical } from '../../../src/audit/verify/canonical.ts';
import { checkLeaf } from '../../../src/audit/verify/leaf.ts';
import { importsOf } from '../../house/imports.ts';
import { someEvent } from '../log/insert-some-events.ts';

const FOLDER = fileURLToPath(new URL('../../../src/audit/verify', import.meta.url));

it('the verifier shares nothing with what writes the log but the hash function', () => {
  const files = globSync('*.ts', { cwd: FOLDER });
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const foreign = importsOf(readFileSync(join(FOLDER, file), 'utf8')).filter((target) => !target.startsWith('./'));
    expect(
      foreign.filter((target) => target !== 'node:crypto'),
      file,
    ).toEqual([]);
  }
});

it('and takes the same fields to be personal', () => {
  for (const name of [...PERSONAL_DATA, 'purpose']) {
    const event = someEvent({ data: { [name]: 'x' } });
    const leaf = makeLeaf(event);
    if (!leaf.salt || !leaf.commitment) throw new Error('nothing personal');
    const { recipient: _recipient, client: _client, data, ...rest } = viewEvent(event);
    const sealed = { commitment: leaf.commitment.toString('base64url') };
    const erased = { ...rest, data: PERSONAL_DATA.has(name) ? {} : data, leaf: sealed };
    expect(checkLeaf(erased, leaf.hash), name).toEqual({ kind: 'erased' });
    const whole = { ...viewEvent(event), leaf: { ...sealed, salt: leaf.salt.toString('base64url') } };
    expect(checkLeaf(whole, leaf.hash), name).toEqual({ kind: 'whole' });
  }
});

/** RFC 8785 §3.2.2, §3.2.3 and appendix B. */
it.each<[unknown, string]>([
  [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
  [[1e30, 4.5, 2e-3, 1e-27, -0], '[1e+30,4.5,0.002,1e-27,0]'],
  ['\u20ac$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
  [
    { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 },
    '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}',
  ],
])('canonical JSON is that of the RFC: %j', (value, text) => {
  expect(canonical(value)).toBe(text);
});
