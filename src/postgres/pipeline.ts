/**
 * Several statements in one message, by the extended protocol with a single Sync at the end: behind an error the server reads on to
 * that Sync and runs nothing (PostgreSQL manual, 54.2.4 "Pipelining"), so that a `commit` at the end is reached exactly if everything
 * before it was done. The driver's own pipeline sends a Sync behind each: behind a `begin` that was cancelled, the rest would run.
 */
import type pg from 'pg';
import type { Answer, Answers, Statement } from '#core/statement';
import type { Row } from '#ports';
import { ROW_TYPES } from './row-types.js';

type OnAnswer = (answer: Answer) => void;
type Field = Pick<pg.FieldDef, 'name' | 'dataTypeID'>;

/** Never rejects: what the server or the connection said is in the answer. */
export function sendTogether(
  client: pg.ClientBase,
  statements: readonly Statement[],
  onAnswer?: OnAnswer,
): Promise<Answers> {
  return new Promise((resolve) => {
    client.query({
      submit: (connection: pg.Connection) => send(connection, statements),
      ...receive(onAnswer, resolve),
    });
  });
}

/** One write to the socket. Unnamed statements and portals: nothing is left on a server connection that a pooler gives to others. */
function send(connection: pg.Connection, statements: readonly Statement[]): void {
  connection.stream.cork();
  for (const [i, { text, values = [], rows = false, atOnce = false }] of statements.entries()) {
    connection.parse({ name: '', text, types: [] }, true);
    connection.bind({ values: values.map(parameter) }, true);
    if (rows) connection.describe({ type: 'P' }, true);
    connection.execute(null, true);
    // Without it the server keeps its answers until the Sync. It costs a write there and a wake-up here.
    if (atOnce && i < statements.length - 1) connection.flush();
  }
  connection.sync();
  connection.stream.uncork();
}

/** What the driver calls as messages come. */
function receive(onAnswer: OnAnswer | undefined, resolve: (answers: Answers) => void) {
  const answers: Answer[] = [];
  // Null: its rows are not wanted.
  let fields: readonly Field[] | null = null;
  let rows: Row[] = [];
  const answered = () => {
    const answer = { rows, at: performance.now() };
    answers.push(answer);
    [fields, rows] = [null, []];
    onAnswer?.(answer);
  };
  return {
    handleRowDescription: (message: { readonly fields: readonly Field[] }) => {
      fields = message.fields;
    },
    handleDataRow: (message: { readonly fields: readonly (string | null)[] }) => {
      if (fields !== null) rows.push(rowOf(fields, message.fields));
    },
    handleCommandComplete: answered,
    handleEmptyQuery: answered,
    handlePortalSuspended: () => undefined,
    handleCopyData: () => undefined,
    // Nobody is there to send the rows, and the server would not look at our Sync before they have come.
    handleCopyInResponse: ({ stream }: pg.Connection) => void stream.destroy(),
    // The driver calls only one of the two.
    handleError: (error: unknown) => resolve({ answers, error }),
    handleReadyForQuery: () => resolve({ answers, error: null }),
  };
}

function rowOf(fields: readonly Field[], values: readonly (string | null)[]): Row {
  return Object.fromEntries(
    fields.map(({ name, dataTypeID }, i) => {
      const value = values[i] ?? null;
      return [name, value === null ? null : ROW_TYPES.getTypeParser(dataTypeID, 'text')(value)];
    }),
  );
}

type Value = NonNullable<Statement['values']>[number];

/** As the server reads it: a list in the notation of its arrays. */
function parameter(value: Value): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return `{${value.map((each) => `"${each.replaceAll(/["\\]/g, '\\$&')}"`).join()}}`;
}
