/** JSON that reads the same, for receivers that do not leave other characters alone. */
export function toAsciiJson(json: string): string {
  return json.replace(/[^ -~]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
