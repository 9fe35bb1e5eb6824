import type { TSchema } from 'typebox';

/** Other spellings that JavaScript knows (`0x10`, `1e1`, spaces around it) are none of the API's. */
const INTEGER = /^-?\d+$/;

type Read = (text: string) => unknown;

const READERS: Readonly<Record<string, Read>> = {
  integer: (text) => (INTEGER.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
};

/** Parameters are text: puts in its place what each is meant to be. What cannot be read is left to be refused. */
export function createParameterReader(schema: TSchema): (parameters: unknown) => void {
  const { properties = {} } = schema as { properties?: Readonly<Record<string, { type?: string }>> };
  const readers = Object.entries(properties).flatMap(([name, { type = '' }]) => {
    const read = READERS[type];
    return read ? [[name, read] as const] : [];
  });
  return (parameters) => {
    const given = parameters as Record<string, unknown>;
    for (const [name, read] of readers) {
      const value = given[name];
      if (typeof value === 'string') given[name] = read(value);
    }
  };
}
