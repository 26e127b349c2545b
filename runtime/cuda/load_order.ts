/**
 * In which order libraries can be loaded.
 * @module
 */

/**
 * What has to be loaded before some libraries, each behind all that it asks for itself.
 *
 * @param needs names that each library at hand asks for; others are the system's
 * @param wanted libraries that are to be loaded later, or are asked for by name alone
 */
export function loadOrder(needs: ReadonlyMap<string, readonly string[]>, wanted: readonly string[]): string[] {
  const order = new Set<string>();
  const visit = (name: string, path: readonly string[]) => {
    if (!needs.has(name) || order.has(name) || path.includes(name)) return;
    for (const need of needs.get(name)!) visit(need, [...path, name]);
    order.add(name);
  };
  for (const name of wanted) visit(name, []);
  return [...order];
}
