import type { Eraser } from '../lib/subject.ts';
import type { Sandbox } from './providers/sandbox.ts';

/** What the sandbox holds in the memory of this process; each has its own, and none outlives its process. */
export function createSandboxEraser(sandbox: Pick<Sandbox, 'forget'>): Eraser {
  return {
    name: 'sandbox_messages',
    async erase({ project, modes, until, isAddress }) {
      const count = sandbox.forget(
        (message) =>
          (project === null || message.project === project) &&
          modes.includes(message.mode) &&
          message.receivedAt <= until &&
          isAddress(message.direction === 'mt' ? message.to : message.from),
      );
      return { count };
    },
  };
}
