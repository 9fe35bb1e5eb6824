/** Of an uploaded file. */
export const MAX_BYTES = 10_000_000;
/** Of one recording; a call is about as long as anybody listens. */
export const MAX_SECONDS = 180;
export const MIN_MS = 200;
/** Of one project and mode. */
export const MAX_RECORDINGS = 500;
