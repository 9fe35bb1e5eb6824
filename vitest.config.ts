import { configDefaults, defineConfig } from 'vitest/config';

/** Suites whose subject is a process, its signals, its timing or its memory: each file has a process of its own. */
const APART = [
  'test/{browser,chaos,embed,house,race,rig}/**/*.test.ts',
  'test/delivery/{rtp,sip}/**/*.test.ts',
  'test/webhooks/delivery/**/*.test.ts',
  'test/**/*{killed,process}*.test.ts',
];
const DELIVERY = 'test/delivery/**/*.test.ts';
const MESSAGING = 'test/messaging/**/*.test.ts';

/** Files that follow each other in one process: to load the service anew for each takes longer than most of their tests. */
function together(name: string, include: string, ...elsewhere: string[]) {
  const exclude = [...configDefaults.exclude, ...APART, ...elsewhere];
  return { extends: true as const, test: { name, include: [include], exclude, isolate: false } };
}

export default defineConfig({
  test: {
    globalSetup: 'test/rig/global-setup.ts',
    setupFiles: 'test/rig/end-file.ts',
    pool: 'forks',
    // Each file has stores of its own, so files may run side by side; many wait for phones and other processes.
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: 'apart', include: APART } },
      together('delivery', DELIVERY),
      together('messaging', MESSAGING),
      together('others', 'test/**/*.test.ts', DELIVERY, MESSAGING),
    ],
    // For a machine with much else to do: no test is about how long it takes.
    testTimeout: 90_000,
    expect: { poll: { timeout: 40_000, interval: 20 } },
    // The first hook may wait for a server to start, or even for apt.
    hookTimeout: 300_000,
    sequence: { hooks: 'stack' },
  },
});
