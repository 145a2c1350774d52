import { expect, it } from 'vitest';
import { onServers } from './stage.js';

/** As teams write them by hand: several SELECTs, comments, an alias in capitals, one that returns nothing. */
const FILE = `-- checks of the shop
SELECT 'Orders without a customer' as issue, COUNT(*) as count
FROM orders o
LEFT JOIN users u ON o.user_id = u.id
WHERE u.id IS NULL AND o.user_id IS NOT NULL;

-- Check for duplicate emails; the second one
SELECT 'Duplicate emails' as issue, COUNT(*) as count
FROM (
  SELECT email, COUNT(*)
  FROM users
  GROUP BY email
  HAVING COUNT(*) > 1
) duplicates;
select 'none' as issue, 1 as count where false;`;

const TABLES = `create table users (id int, email text); create table orders (id int, user_id int);
  insert into users values (1, 'a'), (2, 'b'); insert into orders values (1, 1), (2, 7), (3, null);`;

onServers('checks of the project', ({ check, sql }) => {
  const run = (source: string) => check('queries', { queries: [{ file: 'checks/shop.sql', source }] });

  it('are findings where they count above 0, with file and line', async () => {
    await sql(TABLES);
    const result = await run(FILE);
    expect(result.findings).toMatchObject([
      { object: 'Orders without a customer', count: 1, place: { file: 'checks/shop.sql', line: 2 } },
    ]);
    await sql(`insert into users values (7, 'b')`);
    const then = await run(FILE);
    expect(then.findings).toMatchObject([{ object: 'Duplicate emails', place: { line: 8 } }]);
    await sql(`delete from users where id = 2`);
    expect((await run(FILE)).verdict).toBe('ok');
  });

  it.each([
    [
      'other columns, also without a row',
      `select id as issue, 1 as count, email from users where false`,
      'returns the columns issue, count, email',
    ],
    ['too few columns', `select count(*) from users`, 'returns the columns count'],
    [
      'a count that is none',
      `select 'x' as issue, email as count from users`,
      'returns a count that is no number',
    ],
    ['no SELECT', `delete from users`, 'is no SELECT'],
  ])('%s: refused in words, and no pass', async (_, source, why) => {
    await sql(TABLES);
    const result = await run(`\n\n${source};`);
    expect(result).toMatchObject({ verdict: 'unknown', findings: [] });
    expect(result.unknown[0]).toMatchObject({ place: { file: 'checks/shop.sql', line: 3 } });
    expect(result.unknown[0]?.why).toContain(`the statement at checks/shop.sql:3 ${why}`);
  });

  it('that fail name the place, and hide no other', async () => {
    await sql(TABLES);
    const result = await run(`select 'one' as issue, 1 as count;\nselect 'two' as issue,\n  nope as count;`);
    expect(result.findings).toHaveLength(1);
    expect(result.unknown[0]?.why).toBe('checks/shop.sql:3:3: column "nope" does not exist (42703)');
    const broken = await run(`select 'one' as issue, 1 as count;\nselec 2;`);
    expect(broken).toMatchObject({ findings: [], unknown: [{ place: { line: 2 } }] });
    const missing = await run(`select 'x' as issue, count(*) as count from nowhere;`);
    expect(missing.unknown[0]?.why).toBe('checks/shop.sql:1:45: relation "nowhere" does not exist (42P01)');
  });

  it('cannot write, cannot show a value, cannot take for ever', async () => {
    await sql(
      `${TABLES} create function evil() returns bigint language sql as 'delete from users returning 1::bigint';`,
    );
    const writing = await run(`select 'x' as issue, evil() as count;`);
    expect(writing.unknown[0]?.why).toContain('(25006');
    const value = await run(`select 'x' as issue, email::int as count from users;`);
    expect(value.unknown[0]?.why).toBe(
      'checks/shop.sql:1:1: invalid input syntax for type integer: "…" (22P02)',
    );
    const slow = await check('queries', {
      statementTimeoutMs: 100,
      queries: [{ file: 'checks/slow.sql', source: `select 'x' as issue, count(pg_sleep(10)) as count;` }],
    });
    expect(slow.unknown[0]?.why).toContain('checks/slow.sql:1:1: not answered within 0.1 s');
  });
});
