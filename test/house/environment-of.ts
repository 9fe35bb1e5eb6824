/** Names of the environment variables that a function asks for. */
export function environmentOf(read: (env: Record<string, string | undefined>) => unknown): string[] {
  const asked = new Set<string>();
  read(
    new Proxy<Record<string, string | undefined>>(
      {},
      {
        get(_, name) {
          asked.add(String(name));
          return undefined;
        },
      },
    ),
  );
  return [...asked];
}
