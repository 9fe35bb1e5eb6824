/** The API as this page uses it. Addresses are relative, so that a service mounted under a prefix works too. */

const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 15_000;

/** An answer that is a problem (RFC 9457). */
export class Refused extends Error {
  constructor(status, problem) {
    const fields = (problem.errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`);
    super([problem.detail ?? problem.title ?? `HTTP ${status}`, ...fields].join('; '));
    this.status = status;
  }
}

function request(key, path, init = {}) {
  const headers = { authorization: `Bearer ${key}`, ...(init.body && { 'content-type': 'application/json' }) };
  return fetch(new URL(path, document.baseURI), { cache: 'no-store', ...init, headers });
}

async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  return new Refused(response.status, problem);
}

export async function get(key, path) {
  const response = await request(key, path);
  if (!response.ok) throw await refusal(response);
  return response.json();
}

export async function post(key, path, body) {
  const response = await request(key, path, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

/**
 * Follows the live stream and connects again whenever it ends, until `signal` aborts or the key is refused.
 * EventSource cannot send an Authorization header, hence fetch.
 */
export async function follow(key, { onOpen, onMessage, onLost, onRefused }, signal) {
  let delay = MIN_DELAY_MS;
  while (!signal.aborted) {
    try {
      const response = await request(key, 'v1/sandbox/stream', { signal });
      if (!response.ok) throw await refusal(response);
      // Whatever comes meanwhile waits in the stream.
      await onOpen();
      delay = MIN_DELAY_MS;
      for await (const data of readEvents(response.body)) onMessage(JSON.parse(data));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && (error.status === 401 || error.status === 403)) return onRefused(error);
      onLost();
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
    delay = Math.min(delay * 2, MAX_DELAY_MS);
  }
}

/** The data of server-sent events (WHATWG HTML §9.2), as far as our server uses them. */
async function* readEvents(body) {
  let rest = '';
  for await (const chunk of chunksOf(body.pipeThrough(new TextDecoderStream()))) {
    const events = (rest + chunk).split('\n\n');
    rest = events.pop();
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data: '));
      if (data) yield data.slice('data: '.length);
    }
  }
}

/** Safari cannot iterate over a stream yet. */
async function* chunksOf(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
