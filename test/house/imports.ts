/** Comments out, so that prose is not taken for code. Good for our own formatted source, not for any TypeScript. */
export function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/[^\n]*/g, '$1');
}

const FORMS = [
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\s*\(\s*['"]([^'"]+)['"]/g,
  /\bimport\.meta\.resolve\(\s*['"]([^'"]+)['"]/g,
];

/** What a file imports, types and dynamic imports too, as written. */
export function importsOf(source: string): string[] {
  const code = withoutComments(source);
  return FORMS.flatMap((form) => [...code.matchAll(form)].map((match) => match[1] ?? ''));
}
