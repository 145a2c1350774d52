export { type AddRequiredColumn, addRequiredColumn } from './add-required-column.js';
export { type RenameColumn, renameColumn } from './rename-column.js';
