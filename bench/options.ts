import { parseArgs } from 'node:util';

export interface Options {
  /** Counted rounds; a longer one goes before them and is thrown away. */
  rounds: number;
  sliceMs: number;
  connections: number[];
  startUps: number;
  /** Only measurements whose name contains this. */
  only: string;
  /** Folder for CPU profiles of the Countersign servers. */
  cpuProf: string | undefined;
  write: boolean;
  /** Phones confirm what they receive: every start is then followed by a receipt. */
  receipts: boolean;
}

export const USAGE = `npm run bench -- [options]
  --quick               3 rounds of short slices: shows that it works, not how fast
  --only=<text>         only measurements whose name contains it: scaled, embedded, fast, start-up …
  --connections=32,64
  --rounds=7            counted rounds
  --slice-ms=2000
  --receipts            the carrier reports each delivery at once; else never
  --cpu-prof=<folder>   write CPU profiles of the servers; slows them down
  --write               also write bench/results/latest.md
`;

export function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      receipts: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      connections: { type: 'string', default: '32,64' },
      rounds: { type: 'string' },
      'slice-ms': { type: 'string' },
      'cpu-prof': { type: 'string' },
    },
  });
  if (values.help) return null;
  return {
    rounds: Number(values.rounds ?? (values.quick ? 3 : 7)),
    sliceMs: Number(values['slice-ms'] ?? (values.quick ? 500 : 2_000)),
    connections: values.connections.split(',').map(Number),
    startUps: values.quick ? 3 : 7,
    only: values.only,
    cpuProf: values['cpu-prof'],
    write: values.write,
    receipts: values.receipts,
  };
}
