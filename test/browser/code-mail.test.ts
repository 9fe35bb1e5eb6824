import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compose, payment } from '../delivery/wording/all-languages.ts';
import { describeWith, findTool } from '../rig/stores.ts';

await describeWith(['chromium'], 'the e-mail with a code', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: await findTool('chromium'),
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });
  afterAll(() => browser?.close());

  async function open(changes: object, options: { colorScheme?: 'light' | 'dark' } = {}) {
    const page = await browser.newPage({ viewport: { width: 360, height: 640 }, ...options });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.setContent(compose({ channel: 'email', ...changes }).html ?? '');
    return { page, asked };
  }

  /** Where the first and the last character of some text are, in pixels from the left. */
  const ends = (page: Page, selector: string) =>
    page.evaluate<{ first: number; last: number }>(`{
      const text = document.querySelector(${JSON.stringify(selector)}).firstChild;
      const left = (at) => {
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return range.getBoundingClientRect().left;
      };
      ({ first: left(0), last: left(text.length - 1) });
    }`);

  test.each([
    ['en', 'Acme', false],
    ['ar', 'A&B 24', true],
    ['he', 'A&B 24', true],
  ])('%s: runs in its direction, code and names in theirs', async (locale, brand, isRtl) => {
    const { page, asked } = await open({ locale, brand, context: payment });
    const greeting = await ends(page, 'p');
    expect(greeting.first > greeting.last).toBe(isRtl);
    for (const selector of ['strong', 'bdi']) {
      const { first, last } = await ends(page, selector);
      expect(first).toBeLessThan(last);
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(asked).toEqual([]);
    await page.close();
  });

  test('the code is selected whole with one click, and nothing else with it', async () => {
    const { page } = await open({ context: payment });
    await page.locator('strong').click();
    expect(await page.evaluate('getSelection().toString()')).toBe('012345');
    await page.close();
  });

  test.each(['light', 'dark'] as const)('is readable where mail is %s', async (colorScheme) => {
    const { page } = await open({}, { colorScheme });
    const colour = await page.evaluate<string>('getComputedStyle(document.querySelector("strong")).color');
    expect(colour).toBe(colorScheme === 'dark' ? 'rgb(255, 255, 255)' : 'rgb(0, 0, 0)');
    expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).toBe('light dark');
    await page.close();
  });
});
