import { describe, expect, test } from 'vitest';
import { type CodeTemplate, compileCodeTemplate } from '../../../src/delivery/wording/code-template.ts';

const sms: CodeTemplate = {
  ...{ channel: 'sms', locale: 'en', text: '{{code}} is your {{brand}} code.' },
  ...{ subject: null, confirm: null, confirmSubject: null, context: [] },
};

function errorsOf(changes: Partial<CodeTemplate>) {
  const result = compileCodeTemplate({ ...sms, ...changes });
  return result.kind === 'invalid' ? result.errors : [];
}

describe('is taken', () => {
  test.each<[string, Partial<CodeTemplate>]>([
    ['code, brand and minutes', { text: '{{code}} {{brand}} {{minutes}}' }],
    ['a code in quotes, in brackets, at the end', { text: 'Use ({{code}}) “{{minutes}}”' }],
    ['a code between letters that no word is made of', { text: '認証コードは{{code}}です' }],
    ['a transaction', { confirm: '{{amount}} {{currency}} to {{payee}}: {{code}}' }],
    ['a transaction of another kind', { confirm: '{{account}}: {{code}}', context: ['account'] }],
    ['a call that says the code twice', { channel: 'voice', text: '{{code}}. Again: {{code}}' }],
    ['an e-mail with its subject', { channel: 'email', text: 'Hi,\n\n{{code}}', subject: '{{brand}}' }],
    ['an address', { text: 'Questions: help@acme.example #5. {{code}}' }],
  ])('%s', (_, changes) => {
    expect(errorsOf(changes)).toEqual([]);
  });
});

describe('is refused', () => {
  test.each<[string, Partial<CodeTemplate>, string, RegExp]>([
    ['without the code', { text: 'Hello {{brand}}' }, '/text', /\{\{code\}\} is missing/],
    ['a name that is not declared', { text: '{{code}} {{password}}' }, '/text', /line 1, column 10: .*password/],
    ['a slip of the pen', { text: '{{code}} {{brnad}}' }, '/text', /write \{\{brand\}\}/],
    ['an expression', { text: '{{code}} {{7*7}}' }, '/text', /only the name/],
    ['what a login has no value for', { text: '{{code}} {{amount}}' }, '/text', /no variable amount/],
    ['a code twice in an SMS', { text: '{{code}} {{code}}' }, '/text', /more than once/],
    ['a code that grows together with digits', { text: '1{{code}}' }, '/text', /space or a sign/],
    ['a code that grows together with a value', { text: '{{brand}}{{ code }}' }, '/text', /space or a sign/],
    ['a code that grows together with letters', { text: '{{code}}is' }, '/text', /space or a sign/],
    ['an origin of its own', { text: 'Hi\n@evil.example #{{code}}' }, '/text', /appended where the origin/],
    ['an origin within a line', { text: 'Hi @evil.example #{{code}}' }, '/text', /appended where the origin/],
    ['a transaction without the code', { confirm: '{{amount}} {{payee}}' }, '/confirm', /\{\{code\}\} is missing/],
    ['a transaction that says nothing of it', { confirm: 'Confirm: {{code}}' }, '/confirm', /shows nothing/],
    ['a subject for an SMS', { subject: 'x' }, '/subject', /e-mail/],
    ['a code in the subject', { channel: 'email', subject: '{{code}}' }, '/subject', /no variable code/],
    ['a subject of two lines', { channel: 'email', subject: 'a\nb' }, '/subject', /one line/],
    ['a subject without its text', { channel: 'email', confirmSubject: 'x' }, '/confirm_subject', /goes with/],
    [
      'a name that means something else',
      { confirm: '{{code}} {{payee}}', context: ['code'] },
      '/context_variables',
      /code/,
    ],
    ['control characters', { text: '{{code}}\u202e' }, '/text', /U\+202E/],
  ])('%s', (_, changes, pointer, message) => {
    expect(errorsOf(changes)).toContainEqual({ pointer, message: expect.stringMatching(message) });
  });
});
