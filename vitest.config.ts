import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/rig/global-setup.ts',
    pool: 'forks',
    // Each file has stores of its own, so files may run side by side; many wait for phones and other processes.
    maxWorkers: 3,
    // For a machine with much else to do: no test is about how long it takes.
    testTimeout: 90_000,
    expect: { poll: { timeout: 40_000, interval: 20 } },
    // The first hook may wait for a server to start, or even for apt.
    hookTimeout: 300_000,
    sequence: { hooks: 'stack' },
  },
});
