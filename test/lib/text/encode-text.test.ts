import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type EncodedText,
  encodeText,
  measureText,
  segmentUdh,
  type TextOptions,
} from '../../../src/lib/text/encode-text.ts';
import { decodeGsm7 } from '../../../src/lib/text/gsm7.ts';
import { decodeLatin1 } from '../../../src/lib/text/latin1.ts';
import { fillBitsAfter, packSeptets, unpackSeptets } from '../../../src/lib/text/pack-septets.ts';
import { decodeUcs2 } from '../../../src/lib/text/ucs2.ts';
import { parseUdh } from '../../../src/lib/text/udh.ts';

const EXTENSION = '\f^{}\\[~]|€';
const GSM = `@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà${EXTENSION}`;
const FAMILY = '👩‍👩‍👧‍👦';
const FLAG = '🇫🇷';
const ZALGO = `z${'\u0301\u0323'.repeat(50)}`;

const textOf = (characters: Iterable<string>, maxLength: number) =>
  fc.array(fc.constantFrom(...characters), { maxLength, size: 'max' }).map((all) => all.join(''));

const gsmText = textOf(GSM, 500);
const anyText = fc.oneof(
  gsmText,
  textOf([...'abç{şğıİ€ãõêΩ', '\r\n', '“', '…'], 400),
  textOf(['a', FAMILY, FLAG, 'क्षि', 'स्त्री', 'e\u0301', '😀', '\r\n', 'ż', '1️⃣', '\u200d'], 60),
  textOf(['a', '😀', '\ud83d', '\ude00', ZALGO], 200),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
);
const anyOptions: fc.Arbitrary<TextOptions> = fc.record(
  {
    allow: fc.subarray(['gsm7', 'turkish', 'spanish', 'portuguese'] as const),
    smart: fc.boolean(),
    lookalikes: fc.boolean(),
    reference: fc.constantFrom('udh8' as const, 'udh16' as const, 'none' as const),
  },
  { requiredKeys: [] },
);

const partsOf = (text: string, options?: TextOptions) => encodeText(text, options).segments.map((part) => part.text);
const graphemes = (text: string) =>
  Array.from(new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(text), ({ segment }) => segment);

/** What goes over the air: TP-UDHI, TP-UDL as far as it counts text, and the 140 octets at most of TP-UD. */
interface Transmitted {
  udhi: boolean;
  units: number;
  userData: Uint8Array;
}

function transmit(message: EncodedText, reference: number): Transmitted[] {
  return message.segments.map(({ octets, units }, index) => {
    const udh = segmentUdh(message, index, reference);
    const payload = message.encoding === 'gsm7' ? packSeptets(octets, fillBitsAfter(udh.length)) : octets;
    return { udhi: udh.length > 0, units, userData: Uint8Array.of(...udh, ...payload) };
  });
}

/** A handset: it gets the parts in any order and shows a text. */
function receive(transmitted: Transmitted[], encoding: EncodedText['encoding']): string {
  const parts = transmitted.map(({ udhi, units, userData }) => {
    const { header, octets } = (udhi ? parseUdh(userData) : null) ?? { header: {}, octets: 0 };
    const payload = userData.subarray(octets);
    const text = encoding === 'gsm7' ? unpackSeptets(payload, units, fillBitsAfter(octets)) : payload;
    return { text, shift: header.shift, part: header.concatenation?.part ?? 1 };
  });
  parts.sort((a, b) => a.part - b.part);
  const joined = Buffer.concat(parts.map(({ text }) => text));
  return encoding === 'gsm7' ? decodeGsm7(joined, parts[0]?.shift) : decodeUcs2(joined);
}

describe('preview, billing and wire', () => {
  test('are one computation', () => {
    fc.assert(
      fc.property(anyText, anyOptions, (text, options) => {
        const wire = encodeText(text, options);
        const { text: _text, referenceSize: _size, segments, ...rest } = wire;
        expect(measureText(text, options)).toEqual({ ...rest, segments: segments.length });
        expect(wire.units).toBe(segments.reduce((sum, { units }) => sum + units, 0));
        const octetsPerUnit = wire.encoding === 'gsm7' ? 1 : 2;
        for (const { units, octets } of segments) expect(octets.length).toBe(units * octetsPerUnit);
        expect(wire.remaining).toBe(wire.unitsPerSegment - (segments.at(-1)?.units ?? 0));
      }),
    );
  });

  test('every part fits 140 octets with its header, and the phone shows the text that was previewed', () => {
    fc.assert(
      fc.property(
        anyText,
        anyOptions.filter(({ reference }) => reference !== 'none'),
        fc.nat(0xffff),
        (text, options, reference) => {
          const message = encodeText(text, options);
          const transmitted = transmit(message, reference);
          for (const { userData } of transmitted) expect(userData.length).toBeLessThanOrEqual(140);
          expect(receive(transmitted.reverse(), message.encoding)).toBe(message.text);
          if (message.replaced.length === 0) expect(message.text).toBe(text.toWellFormed());
        },
      ),
    );
  });

  test('without a header of ours no part needs one', () => {
    fc.assert(
      fc.property(anyText, anyOptions, (text, options) => {
        const message = encodeText(text, { ...options, reference: 'none' });
        const room = message.encoding === 'gsm7' ? [160, 153] : [70, 67];
        expect(message.unitsPerSegment).toBe(room[message.segments.length > 1 ? 1 : 0]);
        for (const index of message.segments.keys()) expect(segmentUdh(message, index, 1)).toHaveLength(0);
      }),
    );
  });

  test('the header of a part says which one it is, by the size of reference that was counted', () => {
    const message = encodeText('ж'.repeat(200), { reference: 'udh16' });
    expect(message.segments.map((_, index) => Buffer.from(segmentUdh(message, index, 0xbeef)).toString('hex'))).toEqual(
      ['060804beef0401', '060804beef0402', '060804beef0403', '060804beef0404'],
    );
    expect(Buffer.from(segmentUdh(encodeText('ж'.repeat(71)), 1, 0xbeef)).toString('hex')).toBe('050003ef0202');
    expect(segmentUdh(encodeText('ж'), 0, 7)).toHaveLength(0);
  });
});

describe('segments', () => {
  test.each<[string, string, 'gsm7' | 'ucs2', number, number, number]>([
    ['nothing', '', 'gsm7', 1, 0, 160],
    ['160 septets', 'a'.repeat(160), 'gsm7', 1, 160, 0],
    ['161 septets', 'a'.repeat(161), 'gsm7', 2, 161, 145],
    ['306 septets', 'a'.repeat(306), 'gsm7', 2, 306, 0],
    ['307 septets', 'a'.repeat(307), 'gsm7', 3, 307, 152],
    ['80 escape pairs', '€'.repeat(80), 'gsm7', 1, 160, 0],
    ['a pair that ends at septet 161', `${'a'.repeat(159)}€`, 'gsm7', 2, 161, 145],
    ['a pair across septet 153', `${'a'.repeat(152)}€${'a'.repeat(151)}`, 'gsm7', 2, 305, 0],
    ['the same and one septet more', `${'a'.repeat(152)}€${'a'.repeat(152)}`, 'gsm7', 3, 306, 152],
    // 153 is odd: every part of escape pairs wastes a septet, so 306 septets do not fit two parts.
    ['153 escape pairs', '€'.repeat(153), 'gsm7', 3, 306, 151],
    ['70 units', 'ż'.repeat(70), 'ucs2', 1, 70, 0],
    ['71 units', 'ż'.repeat(71), 'ucs2', 2, 71, 63],
    ['134 units', 'ż'.repeat(134), 'ucs2', 2, 134, 0],
    ['135 units', 'ż'.repeat(135), 'ucs2', 3, 135, 66],
    ['35 surrogate pairs', '😀'.repeat(35), 'ucs2', 1, 70, 0],
    ['67 surrogate pairs', '😀'.repeat(67), 'ucs2', 3, 134, 65],
  ])('%s', (_, text, encoding, segments, units, remaining) => {
    expect(measureText(text)).toMatchObject({ encoding, segments, units, remaining });
  });

  test.each<[TextOptions['reference'], string, number]>([
    ['udh8', 'a', 153],
    ['udh16', 'a', 152],
    ['none', 'a', 153],
    ['udh8', 'ж', 67],
    ['udh16', 'ж', 66],
    ['none', 'ж', 67],
  ])('%s: parts of %j hold %i units', (reference, character, units) => {
    const [first, second] = partsOf(character.repeat(200), { reference: reference ?? 'udh8' });
    expect([first?.length, second?.length]).toEqual([units, Math.min(units, 200 - units)]);
  });

  test.each<[string, TextOptions, number]>([
    ['ş', { allow: ['turkish'] }, 149],
    ['İ', { allow: ['turkish'], reference: 'udh16' }, 148],
    ['á', { allow: ['spanish'] }, 149],
    [`Ψ${'ã'.repeat(50)}`, { allow: ['portuguese'] }, 146],
    [`Ψ${'ã'.repeat(50)}`, { allow: ['portuguese'], reference: 'udh16' }, 145],
  ])('a table to announce takes room: %j with %j', (text, options, room) => {
    const { unitsPerSegment, encoding } = encodeText(text + 'a'.repeat(200), options);
    expect({ unitsPerSegment, encoding }).toEqual({ unitsPerSegment: room, encoding: 'gsm7' });
  });

  test.each([...'ç`’–…\u00a0\tê\x1b'])('%j is outside the GSM alphabet', (character) => {
    expect(measureText(character).encoding).toBe('ucs2');
  });

  test('every character of both GSM tables is in it', () => {
    fc.assert(fc.property(gsmText, (text) => measureText(text).encoding === 'gsm7'));
  });

  test('each part is as full as the next grapheme allows', () => {
    fc.assert(
      fc.property(anyText, anyOptions, (text, options) => {
        const { segments, unitsPerSegment, text: sent } = encodeText(text, options);
        let rest = sent;
        for (const segment of segments) {
          expect(rest.startsWith(segment.text)).toBe(true);
          rest = rest.slice(segment.text.length);
          const [next] = graphemes(rest);
          if (next === undefined) continue;
          const more = measureText(segment.text + next, { ...options, smart: false });
          expect(more.units > unitsPerSegment || more.encoding !== encodeText(sent, options).encoding).toBe(true);
        }
        expect(rest).toBe('');
      }),
    );
  });
});

describe('what a reader takes for one character is not cut', () => {
  const whole = (parts: string[], text: string) => expect(parts.flatMap(graphemes)).toEqual(graphemes(text));

  test.each([
    ['a family', FAMILY],
    ['a flag', FLAG],
    ['a skin tone', '👍🏽'],
    ['a keycap', '1️⃣'],
    ['a letter and its marks', 'e\u0301\u0323'],
    ['a Devanagari conjunct', 'क्षि'],
    ['Hangul of jamo', '\u1112\u1161\u11ab'],
    ['a line end', '\r\n'],
  ])('%s, wherever the boundary falls', (_, grapheme) => {
    expect(graphemes(grapheme)).toHaveLength(1);
    for (let before = 50; before <= 70; before++) {
      const text = `ж${'a'.repeat(before)}${grapheme}${'b'.repeat(70)}`;
      whole(partsOf(text), text);
    }
  });

  test('a line end in a 7-bit text', () => {
    const text = `${'a'.repeat(152)}\r\n${'b'.repeat(10)}`;
    expect(partsOf(text)).toEqual(['a'.repeat(152), `\r\n${'b'.repeat(10)}`]);
  });

  test('unless it is longer than a part: then between code points', () => {
    const long = `z${'\u0301'.repeat(30)}${'\u{e0100}'.repeat(60)}`;
    const parts = partsOf(`ab${long}c`);
    expect(parts.join('')).toBe(`ab${long}c`);
    expect(parts[0]).toBe('ab');
    for (const part of parts) expect(part.isWellFormed()).toBe(true);
  });

  test('in any text', () => {
    fc.assert(
      fc.property(anyText, anyOptions, (text, options) => {
        const { segments, text: sent, unitsPerSegment } = encodeText(text, options);
        for (const { text: part } of segments) expect(part.isWellFormed()).toBe(true);
        if (graphemes(sent).every(({ length }) => length <= unitsPerSegment)) {
          whole(
            segments.map((part) => part.text),
            sent,
          );
        }
      }),
    );
  });

  test('lone surrogates become U+FFFD', () => {
    expect(encodeText('a\ud83d')).toMatchObject({ text: 'a\ufffd', encoding: 'ucs2', units: 2 });
  });
});

describe('national tables', () => {
  const turkish = 'Şifreniz: 123456. Bu kodu kimseyle paylaşmayın, geçerlilik süresi 5 dakikadır. Güvenliğiniz için.';

  test('save segments where the carrier takes them', () => {
    expect(turkish.length).toBeGreaterThan(70);
    expect(measureText(turkish)).toMatchObject({ encoding: 'ucs2', segments: 2 });
    expect(measureText(turkish, { allow: ['gsm7', 'turkish'] })).toMatchObject({ encoding: 'gsm7', segments: 1 });
  });

  test('are not used where they save nothing: fewer phones know them', () => {
    expect(measureText('Şifre: 123456', { allow: ['gsm7', 'turkish'] })).toMatchObject({ encoding: 'ucs2', shift: {} });
    expect(measureText('a'.repeat(161), { allow: ['gsm7', 'turkish'] })).toMatchObject({ segments: 2, shift: {} });
  });

  test.each<[string, string, object]>([
    ['ş'.repeat(76), 'turkish', { single: 'turkish' }],
    ['ş'.repeat(78), 'turkish', { locking: 'turkish' }],
    ['á'.repeat(77), 'spanish', { single: 'spanish' }],
    ['ã'.repeat(150), 'portuguese', { locking: 'portuguese' }],
    [`${'ãΨ'.repeat(5)}${'ã'.repeat(120)}`, 'portuguese', { locking: 'portuguese', single: 'portuguese' }],
  ])('%s', (text, language, shift) => {
    expect(encodeText(text, { allow: ['gsm7', language as 'turkish'] })).toMatchObject({ encoding: 'gsm7', shift });
  });

  test('are announced even in a message of one part', () => {
    const message = encodeText('ş'.repeat(76), { allow: ['turkish'] });
    expect(Buffer.from(segmentUdh(message, 0, 9)).toString('hex')).toBe('03240101');
  });
});

describe('a carrier whose default alphabet is Latin-1', () => {
  const allow = ['latin1'] as const;

  test('gets octets of Latin-1, counted and cut as the septets that it makes of them', () => {
    const text = `é[${'a'.repeat(160)}`;
    const message = encodeText(text, { allow });
    expect(message).toMatchObject({
      encoding: 'gsm7',
      shift: {},
      units: 163,
      segments: [{ units: 153 }, { units: 10 }],
    });
    expect(message.segments.map(({ octets }) => decodeLatin1(octets)).join('')).toBe(text);
  });

  test('gets UCS-2 for what is in one of the two alphabets only', () => {
    for (const character of '€ΔΩçâ') expect(measureText(character, { allow }).encoding).toBe('ucs2');
  });

  test('gets no like character that its alphabet lacks', () => {
    expect(encodeText(`Δ${'“'.repeat(80)}`, { allow, smart: true })).toMatchObject({
      encoding: 'ucs2',
      unmapped: ['Δ'],
    });
  });

  test('gets no national tables', () => {
    const allowed = ['latin1', 'turkish', 'gsm7'] as const;
    expect(encodeText('ş'.repeat(76), { allow: allowed })).toMatchObject({ encoding: 'ucs2', shift: {} });
  });

  test('gets what its phone will show', () => {
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, smart) => {
        const message = encodeText(text, { allow, smart });
        const decode = message.encoding === 'gsm7' ? decodeLatin1 : decodeUcs2;
        expect(decode(Buffer.concat(message.segments.map(({ octets }) => octets)))).toBe(message.text);
        const { encoding, units } = measureText(message.text);
        if (message.encoding === 'gsm7')
          expect({ encoding, units }).toEqual({ encoding: 'gsm7', units: message.units });
      }),
    );
  });
});

describe('smart encoding', () => {
  const curly = '“Your code is 123456” – don’t share it… Someone asks for it? They’re a thief.';

  test('writes like characters where that saves a segment, and says which', () => {
    const message = encodeText(curly, { smart: true });
    expect(message).toMatchObject({ encoding: 'gsm7', unmapped: [] });
    expect(message.text).toBe('"Your code is 123456" - don\'t share it... Someone asks for it? They\'re a thief.');
    expect(message.replaced).toContainEqual({ from: '’', to: "'", count: 2 });
  });

  test('leaves the text alone where it saves nothing', () => {
    expect(encodeText('“123456”', { smart: true })).toMatchObject({ text: '“123456”', replaced: [] });
  });

  test('never drops what has no like: the text stays as it is, and why is said', () => {
    expect(encodeText(`${curly} 🔒`, { smart: true })).toMatchObject({
      encoding: 'ucs2',
      text: `${curly} 🔒`,
      replaced: [],
      unmapped: ['🔒'],
    });
  });

  test('writes only in alphabets that the carrier takes', () => {
    const text = `“${'a'.repeat(100)}`;
    expect(encodeText(text, { smart: true, allow: [] })).toMatchObject({ encoding: 'ucs2', text });
    expect(encodeText(text, { smart: true, allow: ['turkish'] })).toMatchObject({ shift: { single: 'turkish' } });
  });

  test('says nothing of what kept it from one table when another one did', () => {
    const options = { smart: true, allow: ['gsm7', 'portuguese'] as const };
    expect(encodeText(`1º${'ã'.repeat(200)}`, options)).toMatchObject({ encoding: 'gsm7', replaced: [], unmapped: [] });
    expect(encodeText(`1º${'ş'.repeat(200)}`, options)).toMatchObject({ replaced: [{ from: 'ş' }], unmapped: [] });
    expect(encodeText(`1½${'ş'.repeat(200)}`, options)).toMatchObject({ encoding: 'ucs2', unmapped: ['½'] });
  });

  test('replaces as little as it can for the same number of segments', () => {
    const text = `“Şifre” ${'ğ'.repeat(80)}`;
    const message = encodeText(text, { smart: true, allow: ['gsm7', 'turkish'] });
    expect(message).toMatchObject({ segments: [{}], shift: { locking: 'turkish' } });
    expect(message.text).toBe(`"Şifre" ${'ğ'.repeat(80)}`);
  });

  test('never takes more segments than without', () => {
    fc.assert(
      fc.property(anyText, anyOptions, (text, options) => {
        const smart = measureText(text, { ...options, smart: true });
        const plain = measureText(text, { ...options, smart: false });
        expect(smart.segments).toBeLessThanOrEqual(plain.segments);
        if (smart.segments === plain.segments) expect(smart.replaced).toEqual([]);
      }),
    );
  });
});
