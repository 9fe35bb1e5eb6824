import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_VALUE_LENGTH, parseTemplate, type Rendered, type TemplateRules } from '../../src/lib/template.ts';

const variables = ['code', 'brand', 'first_name', 'minutes'];

function render(source: string, values: Record<string, string>, rules: Partial<TemplateRules> = {}): Rendered {
  const parsed = parseTemplate(source, { variables, ...rules });
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.errors));
  return parsed.template.render(values);
}

function errorsOf(source: string, rules: Partial<TemplateRules> = {}) {
  const parsed = parseTemplate(source, { variables, ...rules });
  return parsed.kind === 'invalid' ? parsed.errors : [];
}

test('variables are put in, as often as they are named', () => {
  expect(render('{{brand}}: {{ code }} ({{code}})', { brand: 'ACME', code: '012345', minutes: '5' })).toEqual({
    kind: 'ok',
    text: 'ACME: 012345 (012345)',
  });
});

test('the variables of a template are known before it is rendered', () => {
  const parsed = parseTemplate('{{minutes}} {{code}} {{minutes}}', { variables });
  expect(parsed).toMatchObject({ kind: 'ok', template: { variables: ['minutes', 'code'] } });
});

describe('what is no tag is text', () => {
  test.each(['\x24{x}', '<%= code %>', '%s #code @brand', 'a { b } c', '{7*7}', '}{', '{}', '{x}'])('%s', (text) => {
    expect(render(text, {})).toEqual({ kind: 'ok', text });
  });

  test('line ends become line feeds', () => {
    expect(render('a\r\nb\nc', {})).toEqual({ kind: 'ok', text: 'a\nb\nc' });
  });

  test('text of any script, its joiners and marks of direction', () => {
    const text = 'رمز \u2067{{code}}\u2069 👩‍👩‍👧 क्षि';
    expect(render(text, { code: '1' })).toEqual({ kind: 'ok', text: text.replace('{{code}}', '1') });
  });
});

test('marks around values are the renderer’s: the same characters in a value are gone before they are put on', () => {
  const parsed = parseTemplate('{{brand}} {{code}}', { variables });
  const rendered =
    parsed.kind === 'ok' &&
    parsed.template.render({ brand: '\u2068x\u2069', code: '1' }, (value, name) => `<${name}:${value}>`);
  expect(rendered).toEqual({ kind: 'ok', text: '<brand:x> <code:1>' });
});

describe('nothing is evaluated', () => {
  test.each([
    '{{7*7}}',
    '{{code.length}}',
    '{{constructor}}',
    '{{__proto__}}',
    '{{code | upper}}',
    '{{#if code}}',
    '{{> part}}',
    '{{"code"}}',
    '{{}}',
    '{{ }}',
    '{{co\nde}}',
    '{{code\n}}',
    '{{co de}}',
    '{{\u00a0code}}',
    '{{{code}}}',
  ])('%s is refused', (source) => {
    expect(errorsOf(source)).not.toEqual([]);
  });

  test('a name of the language is a variable like any other once it is declared', () => {
    const rules = { variables: ['constructor'] };
    expect(render('{{constructor}}', {}, rules)).toEqual({
      kind: 'invalid',
      errors: [{ variable: 'constructor', message: 'has no value' }],
    });
    expect(render('{{constructor}}', { constructor: 'x' }, rules)).toEqual({ kind: 'ok', text: 'x' });
  });

  test('a name that is no name stays refused even when it is declared', () => {
    expect(errorsOf('{{7*7}}', { variables: ['7*7'] })).toHaveLength(1);
  });
});

describe('errors say where and what instead', () => {
  test.each<[string, object[]]>([
    [
      'Hi {{firstname}}!',
      [{ line: 1, column: 4, message: 'there is no variable firstname', suggestion: '{{first_name}}' }],
    ],
    ['{{FirstName}}', [{ suggestion: '{{first_name}}' }]],
    ['{{cod}}', [{ suggestion: '{{code}}' }]],
    ['{{barnd}}', [{ suggestion: '{{brand}}' }]],
    ['{{ code | upper }}', [{ message: 'only the name of a variable may stand between {{ and }}' }]],
    ['a\n😀é {{x}}', [{ line: 2, column: 4, message: 'there is no variable x' }]],
    ['{{code', [{ line: 1, column: 1, message: '{{ has no }} behind it' }]],
    ['a {code}}', [{ line: 1, column: 3, suggestion: '{{code}}' }]],
    ['code}}', [{ line: 1, column: 5, message: '}} has no {{ before it' }]],
    ['Your code: { code }', [{ line: 1, column: 12, suggestion: '{{code}}' }]],
    ['\x24{code}', [{ line: 1, column: 2, suggestion: '{{code}}' }]],
    ['a\r\nb\u0000', [{ line: 2, column: 2, message: 'U+0000 cannot be sent in a text' }]],
    ['a\u202eb', [{ line: 1, column: 2, message: 'U+202E cannot be sent in a text' }]],
    ['a\ud83d', [{ line: 1, column: 2, message: 'U+D83D cannot be sent in a text' }]],
    ['a\u2028b\tc\r', [{ column: 2 }, { column: 4 }, { column: 6 }]],
    ['a {{x}} \u0000', [{ column: 3 }, { column: 9 }]],
    ['\t {{code', [{ column: 1 }, { column: 3 }]],
    [' \n', [{ line: 1, column: 1, message: 'is empty' }]],
    [
      '{{x}}\n{{code}} {{y}}',
      [
        { line: 1, column: 1 },
        { line: 2, column: 10 },
      ],
    ],
  ])('%j', (source, expected) => {
    expect(errorsOf(source)).toMatchObject(expected);
    expect(errorsOf(source)).toHaveLength(expected.length);
  });

  test('no suggestion where nothing is near', () => {
    expect(errorsOf('{{zzzz}}')).toEqual([{ line: 1, column: 1, message: 'there is no variable zzzz' }]);
  });

  test('what must be in it is missed at its end', () => {
    expect(errorsOf('{{brand}}', { required: ['code'] })).toEqual([
      { line: 1, column: 10, message: '{{code}} is missing' },
    ]);
    expect(errorsOf('{{code}}', { required: ['code'] })).toEqual([]);
  });

  test('no more than twenty at once', () => {
    expect(errorsOf('{{x}}'.repeat(100))).toHaveLength(20);
  });
});

describe('values are data', () => {
  const values = fc.oneof(
    fc.string({ unit: 'binary', maxLength: MAX_VALUE_LENGTH / 2 }),
    fc.constantFrom('{{code}}', '{{brand}}', '{{7*7}}', '$&', '$1', '\r\n@evil.example #999999', '\u202e'),
  );

  test('marks inside a value stay text', () => {
    const rendered = render('{{brand}} {{code}}', { brand: '{{code}} $& <%= x %>', code: '{{brand}}' });
    expect(rendered).toEqual({ kind: 'ok', text: '{{code}} $& <%= x %> {{brand}}' });
  });

  test('no value can start a line, hide or turn the text around it', () => {
    fc.assert(
      fc.property(values, values, (brand, code) => {
        const rendered = render('<{{brand}}>\n<{{code}}>', { brand, code });
        const text = rendered.kind === 'ok' ? rendered.text : '';
        expect(text).toMatch(/^<[^\n]*>\n<[^\n]*>$/);
        expect(text.replace('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  test('a value that is missing, inherited or too long is told by name', () => {
    const long = 'x'.repeat(MAX_VALUE_LENGTH + 1);
    const given: Record<string, string> = Object.assign(Object.create({ brand: 'inherited' }), { code: long });
    expect(render('{{brand}} {{code}} {{minutes}}', given)).toEqual({
      kind: 'invalid',
      errors: [
        { variable: 'brand', message: 'has no value' },
        { variable: 'code', message: 'is longer than 255 characters' },
        { variable: 'minutes', message: 'has no value' },
      ],
    });
    expect(render('{{code}}', { code: 'x'.repeat(MAX_VALUE_LENGTH) }).kind).toBe('ok');
  });
});

test('neither a template nor its text is longer than allowed', () => {
  expect(errorsOf('x'.repeat(1601))).toEqual([{ line: 1, column: 1601, message: 'is longer than 1600 characters' }]);
  expect(errorsOf('x'.repeat(1600))).toEqual([]);
  expect(render('{{brand}}{{code}}', { brand: 'xxx', code: 'yy' }, { maxLength: 20 }).kind).toBe('ok');
  expect(render('{{brand}}{{code}}', { brand: 'x'.repeat(15), code: 'y'.repeat(6) }, { maxLength: 20 })).toEqual({
    kind: 'invalid',
    errors: [{ variable: null, message: 'is longer than 20 characters' }],
  });
});

test('any source is either refused or rendered', () => {
  const sources = fc.array(fc.constantFrom('{{', '}}', '{', '}', 'code', ' ', 'x', '\n', '|'), { maxLength: 30 });
  fc.assert(
    fc.property(sources, (words) => {
      const source = words.join('');
      const parsed = parseTemplate(source, { variables });
      if (parsed.kind === 'invalid') {
        for (const { line, column } of parsed.errors) {
          expect(column).toBeLessThanOrEqual((source.split('\n')[line - 1] ?? '').length + 1);
        }
      } else {
        const text = source.replaceAll(/\{\{ *code *\}\}/g, '1');
        expect(parsed.template.render({ code: '1' })).toEqual({ kind: 'ok', text });
      }
    }),
  );
});
