import type { Readable } from 'node:stream';
import type { BusboyInstance } from '@fastify/busboy';
import { Problem } from '../lib/errors.ts';

/** The bytes of a request. Who stops reading them leaves the connection whole: the answer has to get through. */
export async function* bytesOf(request: Readable): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false });
  } finally {
    request.resume();
  }
}

/** The bytes of the one file in a form (RFC 7578), as they arrive. Throws the Problem to answer. */
export async function* fileOfForm(request: Readable, contentType: string): AsyncGenerator<Buffer> {
  const form = await openForm(contentType);
  const file = Promise.withResolvers<Readable | null>();
  const all = Promise.withResolvers<void>();
  const fail = (error: unknown) => {
    file.reject(error);
    all.reject(error);
  };
  for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
    form.once(event, () => fail(refused('must hold one file and nothing else: options belong in the query')));
  }
  form.once('file', (_name, stream) => file.resolve(stream));
  form.once('error', () => fail(refused(UNREADABLE)));
  form.once('finish', () => {
    file.resolve(null);
    all.resolve();
  });
  request.once('error', fail);
  // Nobody may be waiting for one of them when it fails.
  for (const { promise } of [file, all]) promise.catch(() => {});
  request.pipe(form);
  try {
    const stream = await file.promise;
    if (!stream) throw refused('has no file');
    all.promise.catch((error) => stream.destroy(error));
    yield* stream;
    await all.promise;
  } catch (error) {
    // The parser's own come through the file.
    throw error instanceof Problem ? error : refused(UNREADABLE);
  } finally {
    request.unpipe(form);
    request.resume();
  }
}

const UNREADABLE = 'is not a form that can be read';
const MAX_HEADER_BYTES = 8_192;

/** Loaded by the first form: few imports are one. */
async function openForm(contentType: string): Promise<BusboyInstance> {
  const { Busboy } = await import('@fastify/busboy');
  const limits = { parts: 1, files: 1, fields: 0, headerSize: MAX_HEADER_BYTES };
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch {
    throw refused(UNREADABLE);
  }
}

const refused = (message: string) => new Problem('invalid_request', { errors: [{ pointer: 'body', message }] });
