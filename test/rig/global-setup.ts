import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type Loan, Missing, startBroker } from './broker.ts';
import { findOrInstall, type ToolName, tools } from './find-binary.ts';
import { lendClusters, lendDatabases, lendRedis } from './lend.ts';
import { openRunFolder } from './run-folder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    rig: { runFolder: string; socket: string };
  }
}

/** Before the first test file; nothing is started until a file asks for it. */
export default async function setup(project: TestProject) {
  const runFolder = openRunFolder();
  const socket = join(runFolder.path, 'broker');
  const missed = new Set<string>();
  const findTool = onceEach((name: ToolName) => findOrInstall(tools[name]));

  /** Binary of a tool; throws Missing. */
  const binary = (name: ToolName) => {
    const found = findTool(name);
    if (!found) throw new Missing(`${tools[name].names[0]} is not installed`);
    return found;
  };
  const databases = lendDatabases(process.env.TEST_DATABASE_URL, runFolder.path, () => binary('postgres'));
  const broker = await startBroker(socket, {
    redis: lendRedis(process.env.TEST_REDIS_URL, runFolder.path, () => binary('redis')),
    'redis-cluster': lendClusters(runFolder.path, () => binary('redis')),
    postgres: databases.lend,
    binary: async (name): Promise<Loan> => ({ value: binary(name as ToolName) }),
    /** Like `binary`, but a server given by its URL will do as well. */
    need: async (argument): Promise<Loan> => {
      const [name, suite] = JSON.parse(argument) as [ToolName, string];
      if (name === 'redis' && process.env.TEST_REDIS_URL) return { value: process.env.TEST_REDIS_URL };
      if (name === 'postgres' && process.env.TEST_DATABASE_URL) return { value: process.env.TEST_DATABASE_URL };
      try {
        return { value: binary(name) };
      } catch (error) {
        missed.add(`SKIPPED: ${suite} (${(error as Error).message})`);
        throw error;
      }
    },
  });
  project.provide('rig', { runFolder: runFolder.path, socket });

  return async function teardown() {
    broker.close();
    await databases.close();
    await runFolder.close();
    for (const line of missed) console.warn(line);
  };
}

function onceEach<Name, Value>(make: (name: Name) => Value): (name: Name) => Value {
  const made = new Map<Name, Value>();
  return (name) => {
    if (!made.has(name)) made.set(name, make(name));
    return made.get(name) as Value;
  };
}
