import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { CodeMessage } from '../../src/delivery/deliver.ts';
import { describeWith, findTool } from '../rig/stores.ts';
import { openTestService, type TestService, wrongCode } from '../service.ts';

const NUMBER = '+33612345678';
const CODE = '012345';

const NAME_OF_FOCUS = `{
  const { ariaLabel, labels, textContent } = document.activeElement;
  ariaLabel ?? labels?.[0]?.textContent ?? textContent;
}`;

/** What the stubbed voice was asked to say. */
const spoken = (page: Page) => page.evaluate<{ text: string; lang: string }[]>('window.spoken');

const bubble = (page: Page, number: string, text: string) =>
  page.getByRole('article', { name: `Phone ${number}` }).locator('.message', { hasText: text });

await describeWith(['chromium'], 'the page /sandbox', () => {
  let browser: Browser;
  const services: TestService[] = [];
  const pages: Page[] = [];
  /** What the browser complained about, page errors and refused resources included. */
  let complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: await findTool('chromium'),
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    const seen = complaints;
    complaints = [];
    for (const page of pages.splice(0)) await page.close();
    for (const service of services.splice(0)) await service.close();
    expect(seen).toEqual([]);
  });

  async function serve({ port = 0, beside }: { port?: number; beside?: TestService } = {}) {
    const service = await openTestService('embedded', { policy: { brand: 'Acme' }, ...(beside && { beside }) });
    services.push(service);
    const url = await service.app.listen({ host: '127.0.0.1', port });
    const { firstProject, verify } = service.services;
    const send = async (changes: Partial<CodeMessage> = {}) => {
      const common = {
        project: firstProject.id,
        mode: 'test',
        verificationId: 'ver_x',
        startedAt: 0,
        sendIndex: 0,
        to: NUMBER,
        recipientHash: 'hash',
        masked: '+33*******78',
        country: 'FR',
        tried: [],
      } as const;
      const text = {
        channel: 'sms',
        code: CODE,
        locale: 'en',
        purpose: 'login',
        brand: 'Acme',
        context: null,
      } as const;
      await verify.deliver({ ...common, ...text, validitySeconds: 600, ...changes }, new AbortController().signal);
    };
    return { service, send, url: `${url}/sandbox`, port: Number(new URL(url).port) };
  }

  async function open(url: string, { width = 1280, voice = true } = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    pages.push(page);
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    await page.addInitScript(
      voice
        ? { path: fileURLToPath(new URL('./stub-voice.js', import.meta.url)) }
        : { content: "Object.defineProperty(window, 'speechSynthesis', { value: undefined })" },
    );
    await page.goto(url);
    return page;
  }

  async function connect({ url, service }: { url: string; service: TestService }, options = {}): Promise<Page> {
    const page = await open(`${url}#key=${service.key}`, options);
    await page.getByText('Live').waitFor();
    return page;
  }

  test('takes the key from the fragment, hides it, and keeps it for this tab', async () => {
    const served = await serve();
    const { url, service, send } = served;
    await send();
    const page = await connect(served);
    expect(page.url()).toBe(url);
    await page.reload();
    await bubble(page, NUMBER, CODE).waitFor();
    await page.getByRole('button', { name: 'Forget the key' }).click();
    expect(await page.locator('.phone').count()).toBe(0);
    await page.reload();
    await page.getByText('Not connected').waitFor();
    await page.goto(`${url}#key=${service.key}`);
    await page.getByText('Live').waitFor();
    expect(page.url()).toBe(url);
  });

  test('a key can be typed, and a wrong one is told', async () => {
    const { url, service } = await serve();
    const page = await open(url);
    await page.getByLabel('API key').fill('cs_test_wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('A valid API key is required').waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]);
    await page.getByLabel('API key').fill(service.key);
    await page.keyboard.press('Enter');
    await page.getByText('Live').waitFor();
  });

  test('a message appears live on the phone of its number, with what it costs', async () => {
    const served = await serve();
    const page = await connect(served);
    await served.send();
    await served.send({ to: '+33612345679', locale: 'ru' });
    const message = bubble(page, NUMBER, `Your Acme code is ${CODE}.`);
    await message.waitFor();
    expect(await message.locator('.facts').textContent()).toBe('SMS · 1 segment · GSM-7');
    const russian = bubble(page, '+33612345679', CODE);
    expect(await russian.locator('.facts').textContent()).toBe('SMS · 1 segment · UCS-2');
    expect(await page.locator('.phone').count()).toBe(2);
  });

  test('a call rings; answering it reads the script aloud in its language, and again when asked', async () => {
    const served = await serve();
    const page = await connect(served);
    await served.send({ channel: 'voice', locale: 'fr' });
    const call = bubble(page, NUMBER, 'Bonjour');
    await call.getByText('Incoming call').waitFor();
    expect(await spoken(page)).toEqual([]);
    await call.getByRole('button', { name: 'Answer' }).click();
    await call.getByText('Call ended').waitFor();
    const script = await call.locator('.text').textContent();
    expect(script).toContain('0, 1, 2, 3, 4, 5');
    expect(await spoken(page)).toEqual([{ text: script, lang: 'fr' }]);
    await call.getByRole('button', { name: 'Play again' }).click();
    expect(await spoken(page)).toHaveLength(2);
  });

  test('once the page was used, a call is answered by itself; an old one never', async () => {
    const served = await serve();
    await served.send({ channel: 'voice', to: '+33612345679' });
    const page = await connect(served);
    await page.getByRole('heading', { name: 'Try a verification' }).click();
    await served.send({ channel: 'voice' });
    await bubble(page, NUMBER, 'Hello').getByText('Call ended').waitFor();
    expect(await spoken(page)).toHaveLength(1);
    expect(await bubble(page, '+33612345679', 'Hello').getByRole('button', { name: 'Play' }).count()).toBe(1);
  });

  test('a browser without a voice says so', async () => {
    const served = await serve();
    const page = await connect(served, { voice: false });
    await served.send({ channel: 'voice' });
    await page.getByRole('button', { name: 'Answer' }).click();
    await page.getByText('No voice', { exact: true }).waitFor();
  });

  test('a reply reaches the service and is shown once', async () => {
    const served = await serve();
    const page = await connect(served);
    await served.send();
    await page.getByLabel(`Reply from ${NUMBER}`).fill('STOP');
    await page.keyboard.press('Enter');
    const reply = bubble(page, NUMBER, 'STOP');
    await reply.waitFor();
    const { body } = await served.service.call('GET', '/v1/sandbox/messages?limit=1');
    expect(body.data).toMatchObject([{ direction: 'mo', from: NUMBER, to: 'Acme', text: 'STOP' }]);
    await served.send({ code: '999999' });
    await bubble(page, NUMBER, '999999').waitFor();
    expect(await reply.count()).toBe(1);
    expect(await page.getByLabel(`Reply from ${NUMBER}`).inputValue()).toBe('');
  });

  test('a newcomer sees the whole flow: send, read, mistype, check, proof', async () => {
    const served = await serve();
    const page = await connect(served);
    await page.getByLabel('Phone number').fill('+33 6 12 34 56 78');
    await page.getByLabel('Language').selectOption('de');
    await page.getByRole('button', { name: 'Send a code' }).click();
    await page.getByText('On its way').waitFor();
    const text = await bubble(page, NUMBER, 'Ihr Code für Acme').locator('.text').textContent();
    const code = /\d{6}/.exec(text ?? '')?.[0] ?? '';
    await page.getByLabel('Code from the phone').fill(wrongCode(code));
    await page.keyboard.press('Enter');
    await page.getByText('Wrong code. 4 attempts left.').waitFor();
    await page.getByLabel('Code from the phone').fill(code);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('Approved').waitFor();
    await page.getByText('Signed proof (JWT)').click();
    expect(await page.locator('#token').textContent()).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  test('what the service refuses is told', async () => {
    const served = await serve();
    const page = await connect(served);
    await page.getByLabel('Phone number').fill('+33 6 12');
    await page.getByRole('button', { name: 'Send a code' }).click();
    await page.getByText('The number is not a valid phone number').waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('422')]);
  });

  test('hostile text stays text', async () => {
    const served = await serve();
    const page = await connect(served);
    const attack = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    const { firstProject, sandbox } = served.service.services;
    await served.send({ brand: attack });
    sandbox.reply({ project: firstProject.id, mode: 'test', from: NUMBER, to: attack, text: `${attack}!` });
    await bubble(page, NUMBER, `${attack}!`).waitFor();
    expect(await bubble(page, NUMBER, `Your ${attack} code`).count()).toBe(1);
    expect(await page.locator('#phones :is(img, script)').count()).toBe(0);
  });

  test('the browser itself refuses to make markup of text', async () => {
    const { url } = await serve();
    const page = await open(url);
    const attack = page.evaluate("document.body.innerHTML = '<img src=x onerror=alert(1)>'");
    await expect(attack).rejects.toThrow('TrustedHTML');
    expect(complaints.splice(0)).toEqual([expect.stringContaining('TrustedHTML')]);
  });

  test('comes back after the service was away, and misses nothing', async () => {
    const { url, port, service } = await serve();
    const page = await connect({ url, service });
    await service.app.close();
    await page.getByText('trying again').waitFor();
    const next = await serve({ port, beside: service });
    await next.send();
    await page.getByText('Live').waitFor();
    await bubble(page, NUMBER, CODE).waitFor();
    await next.send({ code: '999999' });
    await bubble(page, NUMBER, '999999').waitFor();
    complaints = complaints.filter((complaint) => !complaint.includes('net::ERR_'));
  });

  test.each([390, 820, 1280])('nothing sticks out at %i pixels', async (width) => {
    const served = await serve();
    const page = await connect(served, { width });
    await served.send({ brand: 'W'.repeat(40), context: { payee: 'x'.repeat(300) } });
    await bubble(page, NUMBER, CODE).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
  });

  test('everything can be reached and named without a mouse', async () => {
    const served = await serve();
    const page = await connect(served);
    await served.send({ channel: 'voice' });
    await page.getByRole('button', { name: 'Answer' }).waitFor();
    const reached: string[] = [];
    for (let presses = 0; presses < 9; presses++) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate<string>(NAME_OF_FOCUS));
    }
    const bar = ['Forget the key'];
    const form = ['Phone number', 'Channel', 'Language', 'Send a code'];
    const phone = [`Messages of ${NUMBER}`, 'Answer', `Reply from ${NUMBER}`, 'Send'];
    expect(reached).toEqual([...bar, ...form, ...phone]);
  });
});
