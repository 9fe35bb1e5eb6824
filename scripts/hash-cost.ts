import { argon2, randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { promisify } from 'node:util';
import { newChallengeId } from '../src/lib/ids.ts';
import { createKeyring } from '../src/lib/keyring.ts';
import { open, seal } from '../src/lib/seal.ts';
import { createCodeHasher, type HashPreset } from '../src/verify/code.ts';

/**
 * What one hash of a code costs in each preset, and what trying all codes then costs whoever holds the pepper.
 * Everything runs through the product's own hasher. docs/decisions/0003 quotes the table.
 */
const CODES = 1_000_000;
const LIFE_SECONDS = 600;
const ROUNDS = 5;
const HASHES: Record<HashPreset, number> = { fast: 20_000, standard: 1_000, hardened: 40 };

const keyring = createKeyring([randomBytes(32)]);
const id = newChallengeId(0);

async function measure(work: () => unknown, times: number) {
  const rounds: { wallUs: number; cpuUs: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    for (let n = 0; n < times; n += 1) await work();
    const { user, system } = process.cpuUsage(cpu);
    rounds.push({ wallUs: ((performance.now() - start) * 1000) / times, cpuUs: (user + system) / times });
  }
  const median = (pick: 'wallUs' | 'cpuUs') =>
    rounds.map((round) => round[pick]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  return { wallUs: median('wallUs'), cpuUs: median('cpuUs') };
}

const seconds = (value: number) => (value < 120 ? `${value.toFixed(1)} s` : `${(value / 60).toFixed(1)} min`);

console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, medians of ${ROUNDS} rounds\n`,
);
console.log(
  'preset    µs/hash   CPU µs/hash   hashes per CPU second   all 10^6 codes, one core   tried in 10 min, one core',
);
for (const preset of Object.keys(HASHES) as HashPreset[]) {
  const hasher = createCodeHasher(keyring, { concurrency: 1 });
  const stored = await hasher.hash(id, '123456', preset);
  const { wallUs, cpuUs } = await measure(() => hasher.matches(id, '654321', stored), HASHES[preset]);
  const perSecond = 1e6 / cpuUs;
  const tried = Math.min(1, (perSecond * LIFE_SECONDS) / CODES);
  console.log(
    [
      preset.padEnd(10),
      wallUs.toFixed(1).padEnd(10),
      cpuUs.toFixed(1).padEnd(14),
      perSecond.toFixed(0).padEnd(24),
      seconds(CODES / perSecond).padEnd(27),
      `${(tried * 100).toFixed(1)} %`,
    ].join(''),
  );
}

const sealed = seal(keyring, id, JSON.stringify({ code: '123456', context: null }));
const opening = await measure(() => open(keyring, id, sealed), 5_000);
console.log(`\nopening the sealed copy with the master secret: ${opening.cpuUs.toFixed(1)} CPU µs`);

// Whether the argon2 package is worth its install script (docs/decisions/0001).
const parameters = {
  message: '123456',
  nonce: randomBytes(16),
  secret: randomBytes(32),
  associatedData: Buffer.from(id),
  tagLength: 32,
  memory: 1_024,
  passes: 1,
  parallelism: 1,
};
const builtIn = await measure(() => promisify(argon2)('argon2id', parameters), HASHES.standard);
console.log(`\nthe standard preset by node:crypto's argon2: ${builtIn.cpuUs.toFixed(1)} CPU µs`);
