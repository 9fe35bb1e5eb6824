import { newNumber, type TestService } from '../../service.ts';

/** Goes on until nothing is due, in any of what automations work with. */
export async function workAll({ services, recorded, sendMessages }: TestService): Promise<void> {
  const { automations } = services.messaging;
  for (;;) {
    await recorded();
    while ((await services.auditLog.sealer.sealPortion()) ?? 0) {}
    const done = await automations.runDue();
    await sendMessages();
    if (done === 0) return;
  }
}

export async function newContact(api: TestService, given: object = {}): Promise<{ id: string; phone: string }> {
  const phone = newNumber();
  const { status, body } = await api.call('POST', '/v1/contacts', { phone, ...given });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return { id: body.id, phone };
}

/** Made and started. */
export async function newAutomation(api: TestService, definition: object): Promise<string> {
  const { status, body } = await api.call('POST', '/v1/automations', { name: 'a', ...definition });
  if (status !== 201) throw new Error(JSON.stringify(body));
  const started = await api.call('POST', `/v1/automations/${body.id}/start`);
  if (started.status !== 200) throw new Error(JSON.stringify(started.body));
  return body.id;
}

// biome-ignore lint/suspicious/noExplicitAny: what came back is what the test is about
export async function runsOf(api: TestService, automation: string): Promise<any[]> {
  return (await api.call('GET', `/v1/automations/${automation}/runs?limit=100`)).body.data;
}

export const text = (words: string, more: object = {}) => ({
  ...{ type: 'send', channel: 'sms', purpose: 'transactional', text: words },
  ...more,
});
