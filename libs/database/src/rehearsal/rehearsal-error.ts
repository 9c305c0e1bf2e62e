import type { Check, Column } from './table-shape.js';

/** A rehearsal cannot be made, or not so, in words for the author of the migration. */
export class RehearsalError extends Error {
  readonly code = 'REHEARSAL';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RehearsalError';
  }

  static unsatisfied(table: string, columns: readonly Column[], checks: readonly Check[]): RehearsalError {
    const names = columns.map(({ name }) => `${table}.${name}`);
    const rules = checks.map(({ name, expression }) => `${name}: ${expression}`).join('; ');
    return new RehearsalError(
      `No value was found for ${names.join(', ')} that satisfies ${rules}. ${howToGive(names[0] ?? table)}`,
    );
  }

  static failedEmpty(cause: unknown): RehearsalError {
    const message = cause instanceof Error ? cause.message : String(cause);
    return new RehearsalError(`A migration fails on empty tables already: ${message}`, { cause });
  }

  static unknownType(table: string, { name, type }: Column): RehearsalError {
    return new RehearsalError(
      `${table}.${name} is NOT NULL and of the type ${type}, for which rows cannot be made up. ${howToGive(`${table}.${name}`)}`,
    );
  }

  static refused(table: string, cause: unknown): RehearsalError {
    const { message, column, constraint } = cause as { message?: string; column?: string; constraint?: string };
    const where = column === undefined ? table : `${table}.${column}`;
    const which = constraint === undefined ? '' : ` (${constraint})`;
    return new RehearsalError(
      `The rows that were made up for ${where} are refused${which}: ${message}. ${howToGive(`${table}.${column ?? 'COLUMN'}`)}`,
      { cause },
    );
  }
}

function howToGive(name: string): string {
  return `Give the migration a sample, an SQL expression over the row's number i: rehearsalValues = { '${name}': "..." }.`;
}
