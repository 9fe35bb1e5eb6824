/** A name that stands in a text and has no value; `pointer` is where (RFC 6901). */
export interface Unset {
  pointer: string;
  name: string;
}

/** `$${` is a literal `${`. */
const PLACE = /\$?\$\{([^}]*)\}/g;

/**
 * Replaces `${NAME}` in all strings of a JSON value, but not in names of members. Values take the place as they are:
 * nothing in them is read again.
 */
export function substitute(
  value: unknown,
  values: Readonly<Record<string, string | undefined>>,
  unset: Unset[],
  pointer = '',
): unknown {
  if (typeof value === 'string') return substituteText(value, values, unset, pointer);
  if (Array.isArray(value)) return value.map((item, index) => substitute(item, values, unset, `${pointer}/${index}`));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => {
    const escaped = name.replaceAll('~', '~0').replaceAll('/', '~1');
    return [name, substitute(member, values, unset, `${pointer}/${escaped}`)];
  });
  return Object.fromEntries(members);
}

function substituteText(
  text: string,
  values: Readonly<Record<string, string | undefined>>,
  unset: Unset[],
  pointer: string,
): string {
  return text.replaceAll(PLACE, (place, name: string) => {
    if (place.startsWith('$$')) return place.slice(1);
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined || value === '') unset.push({ pointer, name });
    return value ?? '';
  });
}
