type Close = () => unknown;

const open: Close[] = [];

/** What is still open when the test file ends is closed then, newest first; the answer takes it off that list. */
export function atFileEnd(close: Close): () => void {
  open.push(close);
  return () => {
    const index = open.indexOf(close);
    if (index !== -1) open.splice(index, 1);
  };
}

/** Files share processes: nothing of one may go on beside the next. */
export async function endFile(): Promise<void> {
  for (let close = open.pop(); close; close = open.pop()) await close();
}
