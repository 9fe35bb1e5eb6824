import { isIPv4, isIPv6 } from 'node:net';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { FastifySchemaCompiler, RouteOptions } from 'fastify';
import type { TSchema } from 'typebox';
import type { FieldError } from '../lib/errors.ts';
import { OWN_SCHEMAS } from '../lib/schema-check.ts';
import { createParameterReader } from './read-parameters.ts';
import { errorsOfMeantForms } from './union-errors.ts';

/** More would only make the answer long. */
const MAX_ERRORS = 20;
const MAX_NAME = 100;

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

const formats: Record<string, (value: string) => boolean> = {
  'date-time': isDateTime,
  ipv4: isIPv4,
  ipv6: (value) => isIPv6(value) && !value.includes('%'),
};

/** RFC 3339 §5.6. `Date.parse` alone reads 30 February as 2 March. */
function isDateTime(value: string): boolean {
  const [, year, month, day] = DATE_TIME.exec(value) ?? [];
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCDate() === Number(day) && !Number.isNaN(Date.parse(value));
}

/**
 * Bodies are taken as they are; parameters, which are text, are read first.
 * A context of its own, because a host's Ajv settings (Fastify's default drops unknown members) must not apply here.
 */
export function createValidatorCompiler(): FastifySchemaCompiler<TSchema> {
  const ajv = new Ajv({
    ...OWN_SCHEMAS,
    allErrors: true,
    useDefaults: true,
    removeAdditional: false,
    strict: true,
    coerceTypes: false,
    formats,
  });
  return ({ schema, httpPart }) =>
    atFirstUse(() => ajv.compile(schema), httpPart === 'body' ? () => {} : createParameterReader(schema));
}

type Validate = ReturnType<FastifySchemaCompiler<TSchema>>;

/** Compiling every schema would take a fifth of the time to start, and no process is asked for every route. */
function atFirstUse(compile: () => ValidateFunction, prepare: (value: unknown) => void): Validate {
  let compiled: ValidateFunction | undefined;
  const validate: Validate = (value) => {
    compiled ??= compile();
    prepare(value);
    const valid = compiled(value) as boolean;
    if (!valid) validate.errors = compiled.errors as NonNullable<Validate['errors']>;
    return valid;
  };
  return validate;
}

/** What Ajv says, for callers: where, and what is wrong; never the value. */
export function toFieldErrors(found: readonly ErrorObject[], part: string | undefined): FieldError[] {
  const errors = errorsOfMeantForms(found);
  const byPlace = new Map<string, string>();
  for (const error of errors) {
    const place = pointerOf(error, part);
    // A union that is left says more than its forms.
    if (!byPlace.has(place) || error.keyword === 'anyOf') byPlace.set(place, messageOf(error, errors));
    if (byPlace.size === MAX_ERRORS) break;
  }
  return [...byPlace].map(([pointer, message]) => ({ pointer, message }));
}

function pointerOf(error: ErrorObject, part: string | undefined): string {
  const member = error.params.additionalProperty ?? error.params.missingProperty ?? error.params.propertyName;
  const pointer =
    member === undefined
      ? error.instancePath
      : `${error.instancePath}/${escapePointer(String(member).slice(0, MAX_NAME))}`;
  return part === 'body' ? pointer : pointer.slice(1);
}

/** RFC 6901 §3 */
function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function messageOf(error: ErrorObject, all: readonly ErrorObject[]): string {
  switch (error.keyword) {
    case 'additionalProperties':
      return 'is not a known field';
    case 'required':
      return 'is required';
    case 'pattern':
      return 'does not have the required form';
    case 'enum':
      return `must be one of ${(error.params.allowedValues as unknown[]).join(', ')}`;
    case 'const': {
      const wanted = all.filter((other) => other.instancePath === error.instancePath && other.keyword === 'const');
      return `must be ${wanted.length > 1 ? 'one of ' : ''}${wanted.map(({ params }) => params.allowedValue).join(', ')}`;
    }
    case 'anyOf':
      return 'has none of the allowed forms';
    default:
      return error.message ?? 'is not valid';
  }
}

/** Refuses a route whose body or parameters would let unknown members through (mass assignment). */
export function refuseOpenSchemas(route: RouteOptions): void {
  for (const part of ['body', 'querystring', 'params'] as const) {
    const place = findOpenObject(route.schema?.[part], part);
    if (place)
      throw new Error(`${route.method} ${route.url}: ${place} takes unknown members; set additionalProperties: false`);
  }
}

type Node = Record<string, unknown>;

function findOpenObject(schema: unknown, place: string): string | null {
  if (typeof schema !== 'object' || schema === null) return null;
  const node = schema as Node;
  if ((node.type === 'object' || node.properties) && node.additionalProperties !== false) return place;
  for (const [name, child] of children(node)) {
    const open = findOpenObject(child, `${place}/${name}`);
    if (open) return open;
  }
  return null;
}

function* children(node: Node): Generator<[string, unknown]> {
  for (const keyword of ['properties', 'patternProperties']) yield* Object.entries((node[keyword] ?? {}) as Node);
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) yield* Object.entries((node[keyword] ?? []) as Node);
  if (node.items !== undefined) yield ['items', node.items];
}
