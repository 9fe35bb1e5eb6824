import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/rig/global-setup.ts',
    pool: 'forks',
    // Each file has stores of its own, so files may run side by side.
    maxWorkers: 2,
    testTimeout: 20_000,
    // The first hook may wait for a server to start, or even for apt.
    hookTimeout: 300_000,
    sequence: { hooks: 'stack' },
  },
});
