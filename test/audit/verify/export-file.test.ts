import { expect, it } from 'vitest';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { newLog } from './log-under-test.ts';

const databases = databasesOf('sqlite');

/** A log, and a way to change lines of its export. */
async function open() {
  const log = await newLog(await databases.open());
  const lines = (await log.export()).trimEnd().split('\n');
  return {
    log,
    lines,
    verify: (changed: readonly string[], end = '\n') => log.verify({ text: changed.join('\n') + end }),
  };
}

it('each single byte of an export counts', async () => {
  const { lines, verify } = await open();
  const line = lines[33] ?? '';
  // Every seventh: each is a whole verification.
  for (let at = 0; at < line.length; at += 7) {
    const other = line[at] === 'a' ? 'b' : 'a';
    const changed = lines.with(33, line.slice(0, at) + other + line.slice(at + 1));
    const { verdict } = await verify(changed);
    expect(verdict, `byte ${at}: ${line.slice(at, at + 20)}`).toBe('changed');
  }
});

it('a line that is left out, doubled or elsewhere is named', async () => {
  const { lines, verify } = await open();
  expect(await verify(lines.toSpliced(33, 1))).toMatchObject({ verdict: 'changed', firstBad: { from: 33, to: 33 } });
  const doubled = lines.toSpliced(33, 0, lines[33] ?? '');
  expect(await verify(doubled)).toMatchObject({ verdict: 'changed', firstBad: { from: 33, to: 33 } });
  const [a = '', b = ''] = lines.slice(33, 35);
  const swapped = lines.with(33, b).with(34, a);
  expect(await verify(swapped)).toMatchObject({ verdict: 'changed', firstBad: { from: 33, to: 33 } });
});

it('a file that ends too early is told from one that does not', async () => {
  const { lines, verify } = await open();
  const cut = await verify(lines.slice(0, 50));
  expect(cut).toMatchObject({ verdict: 'changed', firstBad: { from: 50, to: 50 }, findings: [{ kind: 'truncated' }] });
  const inLine = await verify([...lines.slice(0, 50), (lines[50] ?? '').slice(0, 100)], '');
  expect(inLine.findings.map(({ kind }) => kind)).toEqual(['unreadable', 'truncated']);
});

it('rows behind hashes alone are refused, unless it is known that the export is of a part', async () => {
  const { log, lines, verify } = await open();
  const { log_index, leaf } = JSON.parse(lines[33] ?? '');
  const hidden = lines.with(33, JSON.stringify({ log_index, leaves: 1, hash: leaf.hash }));
  expect(await verify(hidden)).toMatchObject({ verdict: 'changed', firstBad: { from: 33, to: 33 } });
  const text = `${hidden.join('\n')}\n`;
  expect(await log.verify({ text, partial: true })).toMatchObject({ verdict: 'proven', rows: { hidden: 1 } });
});

it('an export of somebody else’s rows can be compared with every checkpoint', async () => {
  const { log } = await open();
  const text = await log.export({ of: { project: 'prj_two', mode: 'live' } });
  // 16 + 4, 4 + 8 + 8, 8 + 8 + 4 rows.
  expect(text.trimEnd().split('\n')).toHaveLength(8);
  expect(await log.verify({ text, partial: true })).toMatchObject({
    verdict: 'proven',
    rows: { events: 0, hidden: 60 },
    checkpoints: { agree: 3, unchecked: 0 },
  });
});

it('of what came before its time an export has only the subtrees that the log keeps', async () => {
  const { log } = await open();
  await log.add(640);
  await log.head();
  log.clock.now += 7_200_000;
  await log.add(5);
  await log.head();
  const text = await log.export({ since: log.clock.now - 60_000 });
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  // 700 = 2 × 256 + 188
  expect(lines.slice(0, 2)).toMatchObject([{ leaves: 256 }, { log_index: 256, leaves: 256 }]);
  expect(lines).toHaveLength(2 + 188 + 5);
  expect(await log.verify({ text, partial: true })).toMatchObject({
    verdict: 'proven',
    rows: { events: 5, hidden: 700 },
    checkpoints: { agree: 2, unchecked: 3 },
  });
});

it('a row that is missing among hashes is not folded over', async () => {
  const { log } = await open();
  await log.db.kysely.deleteFrom('audit_leaves').where('log_index', '=', 33).execute();
  const text = await log.export({ of: { project: 'prj_two', mode: 'live' } });
  const report = await log.verify({ text, partial: true });
  expect(report).toMatchObject({ verdict: 'changed', firstBad: { from: 33, to: 33 } });
});

it('a commitment in another place hides no erasure', async () => {
  const { lines, verify } = await open();
  const { recipient, client, leaf, ...rest } = JSON.parse(lines[33] ?? '');
  const moved = { ...rest, personal: leaf.commitment, leaf: { hash: leaf.hash } };
  expect(await verify(lines.with(33, JSON.stringify(moved)))).toMatchObject({ firstBad: { from: 33, to: 33 } });
});

it.each([
  '',
  '\n\n',
  'null',
  '[]',
  '{}',
  '{"log_index":-1}',
  '\0\0',
  `${'x'.repeat(3_000_000)}`,
  '{"log_index":0,"leaves":3}',
])('rubbish is judged, not thrown over (%#)', async (text) => {
  const { log } = await open();
  expect(await log.verify({ text })).toMatchObject({ verdict: 'changed', proven: 0 });
});
