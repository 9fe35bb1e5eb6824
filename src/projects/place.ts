/** A row's place in a list ordered by creation: where the next page begins. */
export interface Place {
  at: number;
  id: string;
}
