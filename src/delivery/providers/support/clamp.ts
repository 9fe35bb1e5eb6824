/** A whole number within what the carrier documents. */
export const clamp = (value: number, min: number, max: number) => Math.min(Math.max(Math.round(value), min), max);
