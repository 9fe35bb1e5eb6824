import fc from 'fast-check';
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import metadata from 'libphonenumber-js/max/metadata';
import examples from 'libphonenumber-js/mobile/examples';
import { expect, it } from 'vitest';
import { readE164 } from '../../src/lib/read-e164.ts';

/** As the library has it. */
function asked(text: string) {
  const parsed = parsePhoneNumberFromString(text);
  if (!parsed?.isValid() || parsed.ext || parsed.number !== text) return null;
  const { countryCallingCode: callingCode, country } = parsed;
  return country ? { callingCode, country } : null;
}

const codes = [...Object.keys(metadata.country_calling_codes), ...Object.keys(metadata.nonGeographic), '99'];
const mobile = getCountries().map((country) => `+${getCountryCallingCode(country)}${examples[country]}`);

it('the example of every country is read as the library reads it', () => {
  const read = mobile.filter((text) => {
    const found = readE164(text);
    if (found) expect(found, text).toEqual(asked(text));
    return found;
  });
  expect(read.length).toBeGreaterThan(mobile.length * 0.95);
});

it('what is read, of any calling code, is what the library says', () => {
  const digits = fc.stringMatching(/^[0-9]{4,12}$/);
  const anywhere = fc.tuple(fc.constantFrom(...codes), digits).map(([code, rest]) => `+${code}${rest}`);
  const likely = fc
    .tuple(fc.constantFrom(...mobile), fc.nat({ max: 7 }), fc.stringMatching(/^[0-9]{7}$/))
    .map(([example, cut, rest]) => `${example.slice(0, example.length - cut)}${rest.slice(0, cut)}`);
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(anywhere, likely), (text) => {
      const found = readE164(text);
      if (!found) return;
      read += 1;
      expect(found, text).toEqual(asked(text));
    }),
    { numRuns: 20_000 },
  );
  expect(read).toBeGreaterThan(2_000);
});

it.each([
  '33612345678',
  '+033612345678',
  '+33612345678 ',
  '+3361234567',
  '+80012345678',
  '+4407911123456',
  '+3758108420104',
  '',
])('%j has to be asked', (text) => expect(readE164(text)).toBeNull());
