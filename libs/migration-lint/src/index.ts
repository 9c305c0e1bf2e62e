export type { Finding, Problem, Recipe, Severity, Step } from './finding.js';
export { lint, type LintOptions } from './lint.js';
export type { Position } from './parse.js';
export { recipeText } from './recipe-text.js';
export { recordMigration, timestampOf } from './record-migration.js';
export { builtIn, rules, scriptRules } from './rules.js';
export type { MigrationFacts, Query, Script } from './script.js';
export { sqlFile, type SqlFileOptions } from './sql-file.js';
