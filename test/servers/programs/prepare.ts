// Prepares the binaries of the package in the folder given, as the user that it runs as.
import { prepareBinaries } from '#servers/binaries';

const [folder = '', version = ''] = process.argv.slice(2);
process.stdout.write(`prepared ${(await prepareBinaries({ folder, version }, undefined)).postgres}\n`);
