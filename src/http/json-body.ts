import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../lib/errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Takes any content and any query, and reads them itself. */
    anyContent?: boolean;
  }
}

const MAX_DEPTH = 32;

/** One spelling: whatever looks like it but is not (spaces, tabs, trailing text, other charsets) is refused. */
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;

/** JSON is the only thing the API reads. Replaces the content type parsers of this context alone. */
export function addJsonParser(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    refuseOtherContent(request);
    done();
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    try {
      done(null, readBody(request, body));
    } catch (error) {
      done(error as Error);
    }
  });
}

function refuseOtherContent(request: FastifyRequest): void {
  if (request.is404 || request.method === 'GET' || request.method === 'HEAD') return;
  if (request.routeOptions.config.anyContent) return;
  const type = request.headers['content-type'];
  if (type !== undefined && !JSON_TYPE.test(type)) throw new Problem('unsupported_media_type');
  if (request.headers['content-encoding'] !== undefined) {
    throw new Problem('unsupported_media_type', { detail: 'Content-Encoding is not supported in requests.' });
  }
}

function readBody(request: FastifyRequest, body: Buffer): unknown {
  if (request.is404) return undefined;
  const expected = request.routeOptions.schema?.body !== undefined;
  if (body.length === 0 && !expected) return undefined;
  const value = parseJson(body);
  if (!expected && JSON.stringify(value) !== '{}')
    throw new Problem('invalid_request', { detail: 'This call takes no body.' });
  return value;
}

/**
 * JSON text to value, stricter than JSON.parse where two readers could understand two things:
 * duplicate names (RFC 8259 §4), text that is not UTF-8 (§8.1), lone surrogates (§8.2); and no NUL, no names
 * that reach a prototype, no deep nesting. Throws the Problem to answer.
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw malformed('It is not UTF-8.');
  const text = bytes.toString('utf8');
  const members = countColons(text);
  const value = parse(text);
  const seen: Seen = { members: 0, forbidden: null };
  look(value, seen, text.includes('\\u'));
  if (seen.forbidden !== null) throw malformed(seen.forbidden);
  if (seen.members !== members) throw malformed('A name occurs twice in an object.');
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body, which may hold a code.
    throw malformed();
  }
}

/** Colons outside strings: in well-formed JSON exactly one for each member, duplicates included. */
function countColons(text: string): number {
  let colons = 0;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (inString) {
      if (character === 0x5c /* \ */) i++;
      else if (character === 0x22 /* " */) inString = false;
      continue;
    }
    switch (character) {
      case 0x22 /* " */:
        inString = true;
        break;
      case 0x3a /* : */:
        colons++;
        break;
      case 0x5b /* [ */:
      case 0x7b /* { */:
        if (++depth > MAX_DEPTH) throw malformed(`It nests deeper than ${MAX_DEPTH} levels.`);
        break;
      case 0x5d /* ] */:
      case 0x7d /* } */:
        depth--;
    }
  }
  return colons;
}

interface Seen {
  members: number;
  forbidden: string | null;
}

/** `escapes`: the text has \u escapes, the only way to a NUL or a lone surrogate in well-formed UTF-8 JSON. */
function look(value: unknown, seen: Seen, escapes: boolean): void {
  if (typeof value === 'string') {
    if (escapes) lookAtString(value, seen);
  } else if (Array.isArray(value)) {
    for (const item of value) look(item, seen, escapes);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      seen.members++;
      if (name === '__proto__' || name === 'constructor') seen.forbidden = `The name ${name} is not allowed.`;
      if (escapes) lookAtString(name, seen);
      look(member, seen, escapes);
    }
  }
}

function lookAtString(value: string, seen: Seen): void {
  if (!value.isWellFormed() || value.includes('\0')) seen.forbidden = 'A string holds a NUL or half a character.';
}

function malformed(detail?: string): Problem {
  return new Problem('malformed_body', detail === undefined ? {} : { detail });
}
