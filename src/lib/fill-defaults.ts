interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  default?: unknown;
}

/** Gives members that are missing their defaults, at every depth of objects and lists. Checks nothing: see schema-check.ts. */
export function fillDefaults(schema: object, value: unknown): void {
  const { properties = {}, items } = schema as Schema;
  if (Array.isArray(value)) {
    if (items) for (const item of value) fillDefaults(items, item);
    return;
  }
  if (!isObject(value)) return;
  for (const [name, member] of Object.entries(properties)) {
    if (value[name] === undefined && member.default !== undefined) value[name] = structuredClone(member.default);
    fillDefaults(member, value[name]);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
