import { setImmediate as nextTurn } from 'node:timers/promises';
import { Type } from 'typebox';
import { sandboxPage } from '../../src/console/sandbox-page.ts';
import { createDelivery } from '../../src/delivery/deliver.ts';
import { closed } from '../../src/http/schemas.ts';
import { buildSandboxApp, NOW } from '../delivery/sandbox-app.ts';

export const CODE = '012345';
const ID = 'ver_1abcdefghjkmnpqrstvwxyz0123';

/** The page, the sandbox and delivery as they are; of verification as much as the page can see. */
export async function buildPageApp() {
  const built = await buildSandboxApp();
  const { app, sandbox } = built;
  const silent = () => undefined;
  const { deliver } = createDelivery({
    chooseProvider: () => sandbox,
    now: () => NOW,
    log: { debug: silent, warn: silent, error: silent },
  });

  /** Sends a code message to a phone of the project whose key is `keys.own`. */
  async function send(changes: Partial<Parameters<typeof deliver>[0]> = {}): Promise<void> {
    const common = { project: 'prj_own', mode: 'test', verificationId: ID, sendIndex: 0, channel: 'sms' } as const;
    const text = { code: CODE, locale: 'en', purpose: 'login', brand: 'Acme', context: null, validitySeconds: 600 };
    await deliver({ ...common, ...text, to: '+33612345678', ...changes }, new AbortController().signal);
    await nextTurn();
  }

  await app.register(sandboxPage({ isServed: () => true }));
  let attemptsRemaining = 5;
  app.post(
    '/v1/verifications',
    {
      config: { scope: 'verifications:write' },
      schema: {
        body: Type.Object(
          { to: Type.String(), channel: Type.Optional(Type.Enum(['sms', 'voice'])), locale: Type.String() },
          closed,
        ),
      },
    },
    async (request, reply) => {
      await send(request.body);
      attemptsRemaining = 5;
      return reply.code(201).send({ id: ID, status: 'pending', attempts_remaining: attemptsRemaining });
    },
  );
  app.post(
    '/v1/verifications/:id/check',
    {
      config: { scope: 'verifications:write' },
      schema: {
        params: Type.Object({ id: Type.Literal(ID) }, closed),
        body: Type.Object({ code: Type.String() }, closed),
      },
    },
    async (request) => {
      if (request.body.code === CODE) return { id: ID, status: 'approved', valid: true, token: 'eyJ.proof.sig' };
      attemptsRemaining -= 1;
      return { valid: false, status: 'pending', attempts_remaining: attemptsRemaining, reason: 'wrong_code' };
    },
  );
  return { ...built, send };
}
