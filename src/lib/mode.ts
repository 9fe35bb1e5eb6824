/** What a key and everything made with it is for: test mode sends nothing to phones. */
export const MODES = ['live', 'test'] as const;
export type Mode = (typeof MODES)[number];
