import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';

export interface SchemaError {
  /** JSON pointer. */
  pointer: string;
  message: string;
}

/** Empty when the value fits. With `defaults`, members that are missing and have one are filled in first. */
export type SchemaCheck = (value: unknown) => SchemaError[];

/** The schemas are ours, and their types are checked: that they are schemas need not be proven by each process. */
export const OWN_SCHEMAS = { meta: false, validateSchema: false } as const;

export function createSchemaCheck(schema: object, { defaults = false } = {}): SchemaCheck {
  // At its first use: some are for what most installations do not have.
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= new Ajv({ ...OWN_SCHEMAS, allErrors: true, useDefaults: defaults }).compile(schema as AnySchema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, params, message = 'is not valid' }) => {
      const { additionalProperty: unknown, missingProperty: missing, allowedValues: allowed } = params;
      if (unknown !== undefined) return { pointer: `${instancePath}/${unknown}`, message: 'is not known' };
      if (missing !== undefined) return { pointer: `${instancePath}/${missing}`, message: 'is missing' };
      if (allowed !== undefined) return { pointer: instancePath, message: `must be one of ${allowed.join(', ')}` };
      return { pointer: instancePath, message };
    });
  };
}
