/** Refused until it is filled in. Forward-only: what shall be undone is undone by a new migration. */
export const SQL_TEMPLATE = `-- migrate:up
-- Runs in one transaction, under a lock_timeout. CREATE INDEX CONCURRENTLY may stand beside other statements.


-- A way back is optional, and runs with \`bellows rollback\`:
-- -- migrate:down
`;
