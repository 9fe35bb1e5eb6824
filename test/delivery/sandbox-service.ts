import { randomBytes } from 'node:crypto';
import type { OutboundMessage } from '../../src/delivery/provider.ts';
import { openTestService, type TestServiceOptions } from '../service.ts';

export interface SandboxKeys {
  /** Test key of the first project. */
  own: string;
  /** Live key of the same project. */
  live: string;
  /** Test key of another project. */
  other: string;
  /** Test key of the first project without the scope `sandbox`. */
  noScope: string;
}

/** The service with keys of every kind, and a way to its phones that needs no verification. */
export async function openSandboxService(options: TestServiceOptions = {}) {
  const live = `cs_live_${randomBytes(24).toString('base64url')}`;
  const service = await openTestService('embedded', { ...options, key: live });
  const project = service.services.firstProject.id;
  const otherProject: string = (await service.call('POST', '/v1/projects', { name: 'Other' })).body.id;
  const newKey = async (input: object): Promise<string> => {
    const { body } = await service.call('POST', '/v1/keys', { name: 'Test', mode: 'test', ...input });
    return body.key;
  };
  const keys: SandboxKeys = {
    own: await newKey({ scopes: ['sandbox', 'verifications:write'] }),
    live,
    other: await newKey({ project: otherProject, scopes: ['sandbox'] }),
    noScope: await newKey({ scopes: ['events:read'] }),
  };

  /** To a phone of the first project, in test mode, unless said otherwise. */
  async function send(text: string, changes: Partial<OutboundMessage> = {}): Promise<void> {
    const to = '+33612345678';
    const common = { project, mode: 'test', channel: 'sms', purpose: 'code', from: 'Acme', to, locale: 'en' } as const;
    const message = { ...common, reference: 'ver_x/0', text, validitySeconds: 600, ...changes };
    await service.services.sandbox.send(message, new AbortController().signal);
  }

  return { ...service, keys, otherProject, send };
}
