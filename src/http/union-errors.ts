import type { ErrorObject } from 'ajv';

/**
 * Who fails a union fails each of its forms, and is told of all of them. This leaves those of the form that was meant: the
 * one whose constants and members it has. Where that could be any, it leaves what all of them say.
 */
export function errorsOfMeantForms(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  return errors
    .filter(({ keyword }) => keyword === 'anyOf')
    .reduce<readonly ErrorObject[]>((left, union) => withoutOtherForms(left, union), errors);
}

function withoutOtherForms(errors: readonly ErrorObject[], union: ErrorObject): readonly ErrorObject[] {
  const forms = Map.groupBy(errors, (error) => formOf(error, union));
  const others = forms.get(null) ?? [];
  forms.delete(null);
  const all = [...forms.values()];
  const ofItsKind = all.filter((form) => !form.some(isOfAnotherKind(union)));
  const meant = [misses('additionalProperties', union), misses('required', union)].reduce(closest, ofItsKind);
  const kept = meant.length > 0 && meant.length < all.length ? meant.flat() : inCommon(all);
  if (kept.length === 0) return errors;
  const left = new Set([...others, ...kept]);
  return errors.filter((error) => left.has(error) && error !== union);
}

/** Which form of the union the error is about; null: about none. */
function formOf({ schemaPath, instancePath }: ErrorObject, union: ErrorObject): string | null {
  const isWithin = instancePath === union.instancePath || instancePath.startsWith(`${union.instancePath}/`);
  const prefix = `${union.schemaPath}/`;
  if (!isWithin || !schemaPath.startsWith(prefix)) return null;
  return schemaPath.slice(prefix.length).split('/', 1)[0] ?? null;
}

type Says = (error: ErrorObject) => boolean;

function closest(forms: ErrorObject[][], isFar: Says): ErrorObject[][] {
  const near = forms.filter((form) => !form.some(isFar));
  return near.length === 0 ? forms : near;
}

const isOfAnotherKind =
  ({ instancePath: at }: ErrorObject): Says =>
  ({ keyword, instancePath }) =>
    (keyword === 'type' && instancePath === at) ||
    (keyword === 'const' && instancePath.lastIndexOf('/') === at.length && instancePath !== at);

const misses =
  (what: 'additionalProperties' | 'required', { instancePath: at }: ErrorObject): Says =>
  ({ keyword, instancePath }) =>
    keyword === what && instancePath === at;

/** A type that is not the right one is not what all forms say: each wants another. */
function inCommon([first = [], ...rest]: ErrorObject[][]): ErrorObject[] {
  const isIn = (form: ErrorObject[], { keyword, instancePath, params }: ErrorObject) =>
    form.some(
      (other) =>
        other.keyword === keyword &&
        other.instancePath === instancePath &&
        other.params.missingProperty === params.missingProperty &&
        other.params.additionalProperty === params.additionalProperty,
    );
  const shared = first.filter((error) => error.keyword !== 'type' && rest.every((form) => isIn(form, error)));
  return [first, ...rest].flatMap((form) => form.filter((error) => isIn(shared, error)));
}
