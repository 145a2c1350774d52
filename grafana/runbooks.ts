/** Where the runbooks are read: with each published version, beside the package. */
export const RUNBOOKS = 'https://unpkg.com/pgbellows/docs/runbooks';
