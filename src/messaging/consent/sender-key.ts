/** One form for the spellings of a sender: carriers give numbers with and without `+`, names in any case. */
export function senderKey(sender: string): string {
  const digits = sender.replace(/^\+|^00/, '').replace(/[\s().-]/g, '');
  return /^\d+$/.test(digits) ? digits : sender.trim().toUpperCase();
}
