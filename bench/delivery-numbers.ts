/** Digits of an area name the carrier that the routes choose. */
const CODE_MARK = '0';
const BULK_MARK = '5';
const NUMBERS = 10_000_000;
const STRIDE = 2_684_353; // a prime: visits every number, neighbours far apart

/** Mobile numbers of Brazil, none twice in ten million. */
export function createNumbers(area: string, purpose: 'code' | 'bulk'): () => string {
  const prefix = `${prefixOf(area)}9${purpose === 'code' ? CODE_MARK : BULK_MARK}`;
  let counter = 0;
  return () => {
    counter += 1;
    return prefix + String((counter * STRIDE) % NUMBERS).padStart(7, '0');
  };
}

export function prefixOf(area: string): string {
  return `+55${area}`;
}

/** Of digits as a carrier gets them, without the plus sign. */
export function isOfCode(digits: string): boolean {
  return digits[5] === CODE_MARK;
}
