/** Node's arguments that run our source as `npm start` does: each file is stripped of its types once, not at every start. */
export const FROM_SOURCE = ['--import', new URL('../scripts/strip-types.js', import.meta.url).href];
