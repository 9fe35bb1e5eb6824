import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../service.ts';
import { openPhone, type Phone } from './phone.ts';

const DAY_MS = 86_400_000;

/** Follows the link that the phone got, as a browser does. */
async function browse(phone: Phone, method: 'GET' | 'POST' | 'HEAD', link: string) {
  const form = method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const headers = { 'accept-language': 'en', 'user-agent': 'Browser/1', ...form };
  return phone.service.app.inject({ method, url: new URL(link).pathname, headers });
}

async function linkOf(phone: Phone): Promise<string> {
  await phone.service.sendMessages();
  return /https?:\S+/.exec((await phone.inbox()).at(-1) ?? '')?.[0] ?? '';
}

describe.each(PROFILES)('double opt-in on the %s profile', (profile) => {
  it('by reply: nothing is consented to before the phone says yes, and its words are kept', async () => {
    const phone = await openPhone(profile);
    const { service, to } = phone;
    const asked = await phone.consent({ double_opt_in: 'keyword', wording: 'News once a week.', sender: 'ACME' });
    expect(asked).toMatchObject({ status: 201, body: { state: 'pending', double_opt_in: true } });
    await service.sendMessages();
    expect(await phone.inbox()).toEqual([expect.stringContaining('répondez OUI')]);
    expect(await phone.send()).toMatchObject({ status: 'blocked', reason: 'no_consent' });
    await phone.write('Oui !');
    expect(await phone.send()).toMatchObject({ status: 'delivered' });
    const { body } = await service.call('GET', `/v1/consents/history?to=${encodeURIComponent(to)}`);
    expect(body.data).toHaveLength(2);
    expect(body.data.find(({ state }: { state: string }) => state === 'granted')).toMatchObject({
      source: 'keyword',
      double_opt_in: true,
      proof: { text: 'Oui !', asked_by: asked.body.id },
    });
    expect(await phone.events('consent.granted')).toMatchObject([{ data: { double_opt_in: true } }]);
  });

  it('by link: a preview that fetches it confirms nothing, the button does, once', async () => {
    const phone = await openPhone(profile);
    await phone.consent({ double_opt_in: 'link', wording: '<b>News</b> once a week.' });
    const link = await linkOf(phone);
    await browse(phone, 'HEAD', link);
    const page = await browse(phone, 'GET', link);
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('&lt;b&gt;News&lt;/b&gt;');
    expect(page.body).not.toContain(phone.to);
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect(await phone.send()).toMatchObject({ status: 'blocked', reason: 'no_consent' });
    expect((await browse(phone, 'POST', link)).statusCode).toBe(200);
    expect(await phone.send()).toMatchObject({ status: 'delivered' });
    expect((await browse(phone, 'POST', link)).statusCode).toBe(410);
    const { body } = await phone.service.call('GET', `/v1/consents/history?to=${encodeURIComponent(phone.to)}`);
    expect(body.data).toHaveLength(2);
    expect(body.data).toContainEqual(
      expect.objectContaining({
        state: 'granted',
        proof: expect.objectContaining({ ip: '127.0.0.1', user_agent: 'Browser/1' }),
      }),
    );
  });

  it('what is late, made up or of another entry confirms nothing', async () => {
    const phone = await openPhone(profile);
    const { id } = (await phone.consent({ double_opt_in: 'link' })).body;
    const link = await linkOf(phone);
    const forged = link.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
    expect((await browse(phone, 'POST', forged)).statusCode).toBe(410);
    const stranger = link.replace(id.slice(4), '0'.repeat(26));
    expect(stranger).not.toBe(link);
    expect((await browse(phone, 'POST', stranger)).statusCode).toBe(410);
    phone.service.clock.now += 2 * DAY_MS;
    expect((await browse(phone, 'GET', link)).statusCode).toBe(410);
    expect((await browse(phone, 'POST', link)).statusCode).toBe(410);
    await phone.write('oui');
    expect(await phone.send()).toMatchObject({ status: 'blocked', reason: 'no_consent' });
  });

  it('nobody is asked who said STOP or yes, and nobody more than three times a day', async () => {
    const phone = await openPhone(profile);
    for (let times = 0; times < 3; times += 1)
      expect((await phone.consent({ double_opt_in: 'keyword' })).status).toBe(201);
    expect(await phone.consent({ double_opt_in: 'keyword' })).toMatchObject({
      status: 429,
      body: { code: 'send_limit_reached' },
    });
    await phone.write('oui');
    expect(await phone.consent({ double_opt_in: 'keyword' })).toMatchObject({
      status: 200,
      body: { state: 'granted' },
    });
    await phone.write('STOP');
    expect(await phone.consent({ double_opt_in: 'link' })).toMatchObject({
      status: 409,
      body: { code: 'recipient_opted_out' },
    });
  });
});
