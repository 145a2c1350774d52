import type { SeedReport } from '#api';
import { counted, instant } from '#core/numbers';
import type { SeededFile } from '#core/seed';
import { columns } from './lines.js';
import type { View } from './view.js';

/** One file, when it is through. */
export function seedLine(file: SeededFile): string {
  if (!file.ran) return `${file.file}: applied already, ${appliedAt(file)}`;
  const ms = Math.round(file.seconds * 1_000);
  const done = `${counted(file.statements, 'statement')}, ${ms} ms`;
  return `${file.file}: ${beforeWords(file)}applied, ${done}`;
}

function beforeWords(file: SeededFile): string {
  if (file.state === 'changed') return `was applied with another text, ${appliedAt(file)}; `;
  return file.state === 'applied' ? `was applied, ${appliedAt(file)}; again by force: ` : '';
}

function appliedAt({ appliedAt: at }: SeededFile): string {
  return at === null ? 'just now by another process' : instant(at);
}

export function seedLines(report: SeedReport, view: View & { readonly dryRun: boolean }): readonly string[] {
  const { seeds, database, files } = report;
  if (view.dryRun) {
    return columns(
      files.map((file) => [file.state, file.file, file.appliedAt === null ? '' : instant(file.appliedAt)]),
    );
  }
  const applied = files.filter(({ ran }) => ran).length;
  return [
    `${seeds} in database ${database}: ${counted(applied, 'file')} applied, ${files.length - applied} already there`,
  ];
}
