import type { Variable } from './template.ts';

/** Runs or loads what no mail needs. */
const ACTIVE = /<\s*\/?\s*(script|iframe|object|embed|form|base|meta|link)\b|\son[a-z]+\s*=|javascript\s*:/i;
/** A tag with everything in it; a quoted value may hold `>`. */
const TAG = /<(?:[^<>"']|"[^"]*"|'[^']*')*>/g;
const VARIABLE = /\{\{ *(\w+) *\}\}/g;
const QUOTED = /"[^"]*"|'[^']*'/g;

/**
 * What values could break out of. They are escaped, which is enough between tags and in quotes; an attribute takes URLs
 * only, and a style sheet none.
 */
export function checkHtml(source: string, variables: ReadonlyMap<string, Variable>): string[] {
  const found: string[] = [];
  const [active] = ACTIVE.exec(source) ?? [];
  if (active !== undefined) found.push(`${active.trim().slice(0, 20)} has no place in a message`);
  for (const [, styles = ''] of source.matchAll(/<style\b[^>]*>([\s\S]*?)(?:<\/style|$)/gi)) {
    if (styles.includes('{{')) found.push('a variable has no place in a style sheet');
  }
  for (const [tag] of source.matchAll(TAG)) {
    for (const [, name = ''] of tag.matchAll(VARIABLE)) {
      if (variables.get(name)?.type !== 'url') found.push(`${name} stands in a tag, where only a url may`);
    }
    if (tag.replace(QUOTED, '').includes('{{')) found.push('a variable in a tag stands in quotes');
  }
  const rest = source.replace(TAG, '');
  if (rest.includes('<')) found.push('has a < that opens no tag: write &lt;');
  return found;
}
