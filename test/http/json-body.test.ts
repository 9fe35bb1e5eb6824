import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/http/json-body.ts';
import { Problem } from '../../src/lib/errors.ts';

const parse = (text: string | Buffer) => parseJson(Buffer.from(text as string));

describe('parseJson', () => {
  it('reads whatever JSON.stringify writes', () => {
    const value = fc
      .jsonValue({ maxDepth: 8 })
      .filter((json) => !/__proto__|constructor|\\u/.test(JSON.stringify(json)));
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (json, indent) => {
        expect(parse(JSON.stringify(json, null, indent))).toEqual(JSON.parse(JSON.stringify(json)));
      }),
    );
  });

  it('never throws anything but a 400', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('{', '}', '[', ']', ':', ',', '"a"', '"', '\\', '1', 'null', '\\u', ' '))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((json) => Buffer.from(json)),
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          try {
            parseJson(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(Problem);
            expect((error as Problem).code).toBe('malformed_body');
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('refuses an object with a doubled name wherever it stands', () => {
    const inner = fc.constantFrom('{"a":1,"a":2}', '{"a":1,"b":2,"a":1}', '{"\\u0061":1,"a":2}', '{"":0,"":0}');
    const place = fc.constantFrom(
      (text: string) => text,
      (text: string) => `[${text}]`,
      (text: string) => `{"x":${text}}`,
      (text: string) => `{"x":":","y":[1,{"z":"\\":\\"","w":${text}}]}`,
    );
    fc.assert(
      fc.property(inner, place, place, (text, one, two) => {
        expect(() => parse(one(two(text)))).toThrow(Problem);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a byte order mark', '\uFEFF{}'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
    ['half a character', '{"a":"\\ud800"}'],
    ['half a character in a name', '{"\\udfff":1}'],
    ['NUL', '{"a":"x\\u0000"}'],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['__proto__ in escapes', '{"a":[{"\\u005f_proto__":1}]}'],
    ['constructor', '{"constructor":{"prototype":{"x":1}}}'],
    ['trailing text', '{} {}'],
    ['a trailing comma', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['a comment', '{/**/}'],
    ['NaN', '{"a":NaN}'],
  ])('refuses %s', (_what, text) => {
    expect(() => parse(text)).toThrow(Problem);
  });

  it('refuses deep nesting without descending into it', () => {
    expect(parse(`${'['.repeat(32)}${']'.repeat(32)}`)).toBeInstanceOf(Array);
    expect(() => parse(`${'['.repeat(33)}${']'.repeat(33)}`)).toThrow(Problem);
    expect(() => parse('['.repeat(100_000))).toThrow(Problem);
    expect(() => parse('{"a":'.repeat(100_000))).toThrow(Problem);
  });

  it('leaves prototypes as they are', () => {
    expect(() => parse('{"__proto__":{"polluted":true}}')).toThrow(Problem);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('keeps colons, quotes and backslashes in strings', () => {
    expect(parse('{"a:b":"{\\"c\\":[1:2]}\\\\","d":"\\\\\\":"}')).toEqual({ 'a:b': '{"c":[1:2]}\\', d: '\\":' });
  });

  it('never quotes the body in what it answers', () => {
    try {
      parse('{"code":"123456"');
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify((error as Problem).details) + (error as Problem).message).not.toContain('123456');
    }
  });
});
