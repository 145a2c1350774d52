import type { AnalysedMigration } from '#core/analysed-migration';
import { checksumOf } from '#core/checksum';
import { backfillsOf, type Definition } from '#core/definition';
import { loadParser } from '#parser/load';
import { tokensOf } from '#parser/tokens';
import { analyse } from './analyse.js';
import { canonical } from './canonical.js';
import { checksumOfFile } from './file-checksum.js';
import type { Loader } from './load-module.js';
import { mappingProblems } from './mapping-rules.js';
import type { MigrationFile } from './migration-files.js';
import { ruleProblems } from './rules.js';
import type { SoundDefinitions } from './sound-definitions.js';
import { asDefinition, definitionError } from './validate.js';

export interface LoadedMigration extends MigrationFile {
  readonly definition: Definition;
  readonly analysed: AnalysedMigration;
  readonly checksum: string;
}

/**
 * @param sound what earlier runs found nothing wrong with: of those, only the checksum is needed before somebody works on them
 * @throws FileError: it cannot be loaded; DefinitionError: it declares what cannot be, with every problem
 */
export async function loadMigration(
  file: MigrationFile,
  loader: Loader,
  sound: SoundDefinitions,
): Promise<LoadedMigration> {
  const exported = await loader.defaultExport(file.path);
  const known = sound.checksum(exported);
  if (known !== null) return readLater(file, exported, known);
  await loadParser();
  const read = analysedMigration(exported, file);
  if (hasCode(read)) return loaded(file, { ...read, checksum: await checksumOfFile(file.path) });
  sound.add(exported, read.checksum);
  return loaded(file, read);
}

function loaded(file: MigrationFile, analysed: AnalysedMigration): LoadedMigration {
  return { ...file, definition: analysed.definition, analysed, checksum: analysed.checksum };
}

/** `loadParser()` must have been awaited before `definition` or `analysed` is looked at. */
function readLater(file: MigrationFile, exported: unknown, checksum: string): LoadedMigration {
  let read: AnalysedMigration | null = null;
  const analysed = () => {
    read ??= analysedMigration(exported, file);
    return read;
  };
  return {
    ...file,
    checksum,
    get definition() {
      return analysed().definition;
    },
    get analysed() {
      return analysed();
    },
  };
}

/** A function says what it means only by its text. */
function hasCode({ definition }: AnalysedMigration): boolean {
  return backfillsOf(definition).some((backfill) => backfill.transform !== undefined);
}

/** A default export, checked and read. `loadParser()` must have been awaited. @throws DefinitionError */
export function analysedMigration(
  exported: unknown,
  { id, file }: Pick<MigrationFile, 'id' | 'file'>,
): AnalysedMigration {
  const written = asDefinition(exported, file);
  // Of the text as written, since positions in an edited one would be wrong.
  const found = analyse(written);
  const problems = [...ruleProblems(written), ...found.problems, ...mappingProblems(written, found)];
  if (problems.length > 0) throw definitionError(file, problems);
  const definition = canonical(written);
  const { expressions } = analyse(definition);
  return { id, definition, checksum: checksumOf(definition, tokensOf), expressions };
}
