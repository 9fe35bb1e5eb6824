/** How far a reader of the log has come: what was begun out of order is behind it only when all before it has ended. */
export interface Watermark {
  /** Everything before it was read. */
  readTo: number;
  /** In rising order. */
  begin(index: number): void;
  end(index: number): void;
  /** Everything before it has ended. */
  low(): number;
}

export function createWatermark(start: number): Watermark {
  // Sets keep the order in which their members came.
  const open = new Set<number>();
  return {
    readTo: start,
    begin: (index) => void open.add(index),
    end: (index) => void open.delete(index),
    low() {
      for (const first of open) return first;
      return this.readTo;
    },
  };
}
