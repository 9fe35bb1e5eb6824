import { describe, expect, test } from 'vitest';
import type { SpokenScript } from '../../../src/delivery/provider.ts';
import type { CodeText, SpokenManner } from '../../../src/delivery/wording/code-text.ts';
import { composeCode } from '../../../src/delivery/wording/compose.ts';
import { showSpoken, toScript } from '../../../src/delivery/wording/compose-script.ts';
import { LOCALES, loadLocale } from '../../../src/delivery/wording/locales.ts';

const manner: SpokenManner = { pressKey: '1', repeats: 2, pace: 1, voice: null, brand: null };
const code = '493027';

async function compose(over: Partial<CodeText> = {}, name = 'en') {
  const language = { tag: name, name, wording: await loadLocale(name) };
  const message: CodeText = {
    channel: 'voice',
    code,
    locale: name,
    brand: 'Example24',
    context: null,
    validitySeconds: 600,
    voice: manner,
    ...over,
  };
  const { text, script } = composeCode(message, language);
  if (!script) throw new Error('no script');
  return { text, script };
}

const digits = ({ body }: SpokenScript) => body.filter((part) => 'digits' in part);

describe('the gate', () => {
  test('says who is calling before it asks for the key, and nothing of the code', async () => {
    const { script } = await compose();
    expect(script).toMatchObject({
      greeting: 'Hello. Example24.',
      gate: { key: '1', prompt: 'To hear your code, press 1.' },
      repeats: 1,
      goodbye: 'Goodbye.',
    });
    expect(`${script.greeting} ${script.gate?.prompt}`).not.toMatch(/4\D*9\D*3/);
  });

  test('is not there where the policy takes it away', async () => {
    const { script } = await compose({ voice: { ...manner, pressKey: null } });
    expect(script.greeting).toBe('Hello.');
    expect(script).not.toHaveProperty('gate');
  });

  test('does not change what is read out in the sandbox', async () => {
    const gated = await compose();
    const ungated = await compose({ voice: { ...manner, pressKey: null } });
    expect(gated.text).toBe(ungated.text);
    expect(gated.text.match(/4, 9, 3, 0, 2, 7/g)).toHaveLength(2);
  });

  test.each([...LOCALES])('%s: has words that name the key', async (name) => {
    const { script } = await compose({}, name);
    expect(script.gate?.prompt).toMatch(/1/);
    expect(script.gate?.prompt).not.toMatch(/[{}]/);
    expect(script.greeting).toContain('Example24');
  });
});

test.each([1, 2, 5])('the code is said %i times', async (repeats) => {
  const { text, script } = await compose({ voice: { ...manner, repeats } });
  expect(digits(script)).toHaveLength(repeats);
  expect(text.match(/4, 9, 3, 0, 2, 7/g)).toHaveLength(repeats);
});

test('amount and payee are said before the code, once', async () => {
  const context = { amount: '12.00', currency: 'EUR', payee: 'Bob' };
  const { script } = await compose({ context, voice: { ...manner, repeats: 3 } });
  const said = script.body.map((part) => ('say' in part ? part.say : 'digits' in part ? part.digits : '…'));
  const lead = 'To confirm this in Example24, enter:';
  expect(said.slice(0, 4)).toEqual(['Amount: 12.00 EUR.', 'To: Bob.', lead, code]);
  expect(said.filter((part) => part.includes('12.00'))).toHaveLength(1);
});

test('pace, voice and pronunciation are the policy’s', async () => {
  const { text, script } = await compose({
    voice: { ...manner, pace: 0.8, voice: 'female', brand: 'Example twenty-four' },
  });
  expect(script).toMatchObject({ pace: 0.8, voice: 'female', greeting: 'Hello. Example twenty-four.' });
  expect(text).toContain('Your Example twenty-four code is');
});

describe('a project’s own words', () => {
  const language = async () => ({ tag: 'en', name: 'en', wording: await loadLocale('en') });
  const message = { code, brand: 'Example24', voice: { ...manner, repeats: 3 } };
  const spoken = showSpoken('', 'code');

  test('wait behind the gate, and are repeated until the code was said often enough', async () => {
    const once = toScript(`Your code: ${spoken}.`, message, await language()).script;
    expect(once).toMatchObject({ greeting: 'Hello. Example24.', gate: { key: '1' }, repeats: 3 });
    const twice = toScript(`Your code: ${spoken}. Again: ${spoken}.`, message, await language()).script;
    expect(twice?.repeats).toBe(2);
  });

  test('greet by themselves where there is no gate', async () => {
    const voice = { ...manner, pressKey: null };
    expect(toScript(`Hi! ${spoken}`, { ...message, voice }, await language()).script).toMatchObject({ greeting: '' });
  });
});
