import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { keys } from '../delivery/sandbox-app.ts';
import { describeWith, findTool } from '../rig/stores.ts';
import { buildPageApp, CODE } from './page-app.ts';

type App = Awaited<ReturnType<typeof buildPageApp>>;

const NAME_OF_FOCUS = `{
  const { ariaLabel, labels, textContent } = document.activeElement;
  ariaLabel ?? labels?.[0]?.textContent ?? textContent;
}`;

/** What the stubbed voice was asked to say. */
const spoken = (page: Page) => page.evaluate<{ text: string; lang: string }[]>('window.spoken');

await describeWith(['chromium'], 'the page /sandbox', () => {
  let browser: Browser;
  const apps: App[] = [];
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
    for (const page of pages.splice(0)) await page.close();
    for (const { app } of apps.splice(0)) await app.close();
    const seen = complaints;
    complaints = [];
    expect(seen).toEqual([]);
  });

  async function serve(port = 0): Promise<App & { url: string; port: number }> {
    const built = await buildPageApp();
    apps.push(built);
    const url = await built.app.listen({ host: '127.0.0.1', port });
    return { ...built, url: `${url}/sandbox`, port: Number(new URL(url).port) };
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

  async function connect(url: string, options = {}): Promise<Page> {
    const page = await open(`${url}#key=${keys.own}`, options);
    await page.getByText('Live').waitFor();
    return page;
  }

  const bubble = (page: Page, number: string, text: string) =>
    page.getByRole('article', { name: `Phone ${number}` }).locator('.message', { hasText: text });

  test('takes the key from the fragment, hides it, and keeps it for this tab', async () => {
    const { url, send } = await serve();
    await send();
    const page = await connect(url);
    expect(page.url()).toBe(url);
    expect(await page.evaluate('history.length')).toBeLessThanOrEqual(2);
    await page.reload();
    await bubble(page, '+33612345678', CODE).waitFor();
    await page.getByRole('button', { name: 'Forget the key' }).click();
    expect(await page.locator('.phone').count()).toBe(0);
    await page.reload();
    await page.getByText('Not connected').waitFor();
  });

  test('a key can be typed, and a wrong one is told', async () => {
    const { url } = await serve();
    const page = await open(url);
    await page.getByLabel('API key').fill('cs_test_wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('A valid API key is required').waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]);
    await page.getByLabel('API key').fill(keys.own);
    await page.keyboard.press('Enter');
    await page.getByText('Live').waitFor();
  });

  test('a message appears live on the phone of its number, with what it costs', async () => {
    const { url, send } = await serve();
    const page = await connect(url);
    await send();
    await send({ to: '+33612345679', locale: 'ru' });
    const message = bubble(page, '+33612345678', `Your Acme code is ${CODE}.`);
    await message.waitFor();
    expect(await message.locator('.facts').textContent()).toBe('SMS · 1 segment · GSM-7');
    expect(await bubble(page, '+33612345679', CODE).locator('.facts').textContent()).toBe('SMS · 1 segment · UCS-2');
    expect(await page.locator('.phone').count()).toBe(2);
  });

  test('a call rings; answering it reads the script aloud in its language, and again when asked', async () => {
    const { url, send } = await serve();
    const page = await connect(url);
    await send({ channel: 'voice', locale: 'fr' });
    const call = bubble(page, '+33612345678', 'Bonjour');
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
    const { url, send } = await serve();
    await send({ channel: 'voice', to: '+33612345679' });
    const page = await connect(url);
    await page.getByRole('heading', { name: 'Try a verification' }).click();
    await send({ channel: 'voice' });
    await bubble(page, '+33612345678', 'Hello').getByText('Call ended').waitFor();
    expect(await spoken(page)).toHaveLength(1);
    expect(await bubble(page, '+33612345679', 'Hello').getByRole('button', { name: 'Play' }).count()).toBe(1);
  });

  test('a browser without a voice says so', async () => {
    const { url, send } = await serve();
    const page = await connect(url, { voice: false });
    await send({ channel: 'voice' });
    await page.getByRole('button', { name: 'Answer' }).click();
    await page.getByText('This browser has no voice').waitFor();
  });

  test('a reply reaches the service and is shown once', async () => {
    const { url, send, inbound } = await serve();
    const page = await connect(url);
    await send();
    await page.getByLabel('Reply from +33612345678').fill('STOP');
    await page.keyboard.press('Enter');
    const reply = bubble(page, '+33612345678', 'STOP');
    await reply.waitFor();
    expect(inbound).toMatchObject([{ from: '+33612345678', to: 'Acme', text: 'STOP' }]);
    await send({ code: '999999' });
    await bubble(page, '+33612345678', '999999').waitFor();
    expect(await reply.count()).toBe(1);
    expect(await page.getByLabel('Reply from +33612345678').inputValue()).toBe('');
  });

  test('a newcomer sees the whole flow: send, read, mistype, check, proof', async () => {
    const { url } = await serve();
    const page = await connect(url);
    await page.getByLabel('Phone number').fill('+33612345678');
    await page.getByLabel('Language').selectOption('de');
    await page.getByRole('button', { name: 'Send a code' }).click();
    await bubble(page, '+33612345678', `Ihr Code für Acme: ${CODE}.`).waitFor();
    await page.getByText('5 attempts left').waitFor();
    await page.getByLabel('Code from the phone').fill('999999');
    await page.keyboard.press('Enter');
    await page.getByText('Wrong code. 4 attempts left.').waitFor();
    await page.getByLabel('Code from the phone').fill(CODE);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('Approved').waitFor();
    await page.getByText('Signed proof (JWT)').click();
    expect(await page.locator('#token').textContent()).toBe('eyJ.proof.sig');
  });

  test('hostile text stays text', async () => {
    const { url, send, sandbox } = await serve();
    const page = await connect(url);
    const attack = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    await send({ brand: attack });
    const reply = { project: 'prj_own', mode: 'test', from: '+33612345678', to: attack, text: `${attack}!` } as const;
    sandbox.reply(reply);
    await bubble(page, '+33612345678', `${attack}!`).waitFor();
    expect(await bubble(page, '+33612345678', `Your ${attack} code`).count()).toBe(1);
    expect(await page.locator('#phones :is(img, script)').count()).toBe(0);
  });

  test('no script runs but its own, even where markup got in', async () => {
    const { url } = await serve();
    const page = await open(url);
    await expect(page.evaluate("document.body.innerHTML = '<img src=x onerror=alert(1)>'")).rejects.toThrow(
      'TrustedHTML',
    );
    expect(complaints.splice(0)).toEqual([expect.stringContaining('TrustedHTML')]);
  });

  test('comes back after the service was away, and misses nothing', async () => {
    const { url, port } = await serve();
    const page = await connect(url);
    await apps.pop()?.app.close();
    await page.getByText('trying again').waitFor();
    const { send } = await serve(port);
    await send();
    await page.getByText('Live').waitFor();
    await bubble(page, '+33612345678', CODE).waitFor();
    await send({ code: '999999' });
    await bubble(page, '+33612345678', '999999').waitFor();
    complaints = complaints.filter((complaint) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED/.test(complaint));
  });

  test.each([390, 820, 1280])('nothing sticks out at %i pixels', async (width) => {
    const { url, send } = await serve();
    const page = await connect(url, { width });
    await send({ brand: 'W'.repeat(40), context: { payee: 'x'.repeat(300) } });
    await bubble(page, '+33612345678', CODE).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
  });

  test('everything can be reached and named without a mouse', async () => {
    const { url, send } = await serve();
    const page = await connect(url);
    await send({ channel: 'voice' });
    await page.getByRole('button', { name: 'Answer' }).waitFor();
    const reached: string[] = [];
    for (let presses = 0; presses < 10; presses++) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate<string>(NAME_OF_FOCUS));
    }
    expect(reached).toEqual([
      'Forget the key',
      'Phone number',
      'Channel',
      'Language',
      'Send a code',
      'Messages of +33612345678',
      'Answer',
      'Reply from +33612345678',
      'Send',
      expect.any(String),
    ]);
  });
});
