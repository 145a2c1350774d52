/**
 * What files import as `pgbellows` and `pgbellows/recipes`: the very modules of this process. So nothing needs to be
 * installed beside a migration, there is no second copy, and an error that a constructor throws is an instance of the class
 * that this process knows. Imported when it is needed and not before, because the index imports this room.
 */
export async function publicModules(): Promise<Readonly<Record<string, unknown>>> {
  const [pgbellows, recipes] = await Promise.all([import('#index'), import('#phases/recipes/index')]);
  return { pgbellows, 'pgbellows/recipes': recipes };
}
