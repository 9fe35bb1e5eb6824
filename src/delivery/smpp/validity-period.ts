export type ValidityForm = 'relative' | 'absolute' | 'none';

/** Longer than any network keeps a message. */
const MAX_SECONDS = 30 * 86_400;

/** SMPP 3.4 §7.1.1: `YYMMDDhhmmss`, tenths of a second, and `00+` for UTC or `00R` for a duration. */
export function validityPeriod(seconds: number, form: ValidityForm, now: number): string {
  const whole = Math.min(MAX_SECONDS, Math.max(1, Math.floor(seconds)));
  if (form === 'none') return '';
  if (form === 'absolute') {
    return `${new Date(now + whole * 1_000).toISOString().replace(/\D/g, '').slice(2, 14)}000+`;
  }
  const units = [whole / 86_400, (whole / 3_600) % 24, (whole / 60) % 60, whole % 60];
  return `0000${units.map((unit) => String(Math.floor(unit)).padStart(2, '0')).join('')}000R`;
}
