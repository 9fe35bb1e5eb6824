import type { Variable } from './template.ts';

/** They run or load what no mail needs. */
const ACTIVE = new Set(['script', 'iframe', 'object', 'embed', 'form', 'base', 'meta', 'link', 'svg', 'math']);
const TAG_NAME = /^<\/?([a-z][a-z0-9-]*)/i;
const VARIABLE = /\{\{ *(\w+) *\}\}/g;
const QUOTED = /"[^"]*"|'[^']*'/g;
const HANDLER = /[\s"'/]on[a-z]+\s*=/i;
const SCRIPT_URL = /(?:javascript|vbscript|data)\s*:/i;

/**
 * What values could break out of. They are escaped, which is enough between tags and in quotes; an attribute takes URLs
 * only, and a style sheet none.
 */
export function checkHtml(source: string, variables: ReadonlyMap<string, Variable>): string[] {
  const { tags, isBroken } = cutTags(source);
  const found = tags.flatMap(({ tag, after }) => [...checkTag(tag, variables), ...checkStyles(tag, after)]);
  if (isBroken) found.push('has a < that opens no tag: write &lt;');
  return [...new Set(found)];
}

function checkTag(tag: string, variables: ReadonlyMap<string, Variable>): string[] {
  const found: string[] = [];
  const name = TAG_NAME.exec(tag)?.[1]?.toLowerCase();
  const isComment = tag.startsWith('<!');
  if (name === undefined && !isComment) found.push('has a < that opens no tag: write &lt;');
  if (name !== undefined && ACTIVE.has(name)) found.push(`<${name}> has no place in a message`);
  if (HANDLER.test(tag) || SCRIPT_URL.test(tag)) found.push('what runs has no place in a message');
  for (const [, variable = ''] of tag.matchAll(VARIABLE)) {
    if (variables.get(variable)?.type !== 'url') found.push(`${variable} stands in a tag, where only a url may`);
  }
  if (tag.replace(QUOTED, '').includes('{{')) found.push('a variable in a tag stands in quotes');
  return found;
}

function checkStyles(tag: string, after: string): string[] {
  return /^<style\b/i.test(tag) && after.includes('{{') ? ['a variable has no place in a style sheet'] : [];
}

interface Tag {
  tag: string;
  /** Up to the next one. */
  after: string;
}

/** In one pass, whatever is in it; a quoted value may hold `>`. */
function cutTags(source: string): { tags: Tag[]; isBroken: boolean } {
  const tags: Tag[] = [];
  let from = source.indexOf('<');
  while (from >= 0) {
    const end = endOfTag(source, from);
    if (end < 0) return { tags, isBroken: true };
    const next = source.indexOf('<', end);
    tags.push({ tag: source.slice(from, end), after: source.slice(end, next < 0 ? undefined : next) });
    from = next;
  }
  return { tags, isBroken: false };
}

/** Behind its `>`; -1 when it has none. */
function endOfTag(source: string, from: number): number {
  for (let at = from + 1; at < source.length; at++) {
    const character = source[at];
    if (character === '>') return at + 1;
    if (character === '<') return -1;
    if (character === '"' || character === "'") {
      at = source.indexOf(character, at + 1);
      if (at < 0) return -1;
    }
  }
  return -1;
}
