import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadPromptSet } from '../../../src/delivery/speech/prompt-set.ts';
import { describeWith, privateFolder } from '../../rig/stores.ts';

const SCRIPT = fileURLToPath(new URL('../../../scripts/render-prompts.ts', import.meta.url));
const render = (...args: string[]) => spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });

await describeWith(['espeak-ng'], 'render-prompts', () => {
  it('makes a set of prompts that can be used', async () => {
    const folder = privateFolder('prompts');
    const phrases = join(folder, 'phrases.txt');
    writeFileSync(phrases, 'Bonjour.\n\nAu revoir.\n');
    expect(render(folder, '--locale', 'fr', '--phrases', phrases).stdout).toContain('12 prompts');
    const prompts = await loadPromptSet(folder);
    const lengths = [...'0123456789'].map((digit) => prompts.digit('fr-FR', digit)?.length ?? 0);
    for (const length of lengths) expect(length).toBeGreaterThan(1_500);
    expect(new Set(lengths).size).toBeGreaterThan(5);
    expect(prompts.phrase('fr', 'Au revoir.')?.length).toBeGreaterThan(3_000);
  });

  it('says how it is used', () => {
    expect(render('folder')).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage') });
    const unknown = render(privateFolder('prompts'), '--locale', 'xx');
    expect(unknown).toMatchObject({ status: 1, stderr: expect.stringContaining('digit-0.wav') });
  });
});
