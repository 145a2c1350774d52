/**
 * What files import as `pgbellows` and `pgbellows/recipes`: the very modules of this process, by the package's own name,
 * which Node resolves from inside the package too. So nothing needs to be installed beside a migration, there is no second
 * copy, and an error that a constructor throws is an instance of the class that this process knows. Imported when it is
 * needed and not before, because `pgbellows` imports this room.
 */
export async function publicModules(): Promise<Readonly<Record<string, unknown>>> {
  const [pgbellows, recipes] = await Promise.all([import('pgbellows'), import('pgbellows/recipes')]);
  return { pgbellows, 'pgbellows/recipes': recipes };
}
