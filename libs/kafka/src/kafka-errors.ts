/**
 * The broker refused a batch for what its records are, not for its own state: sending the same again cannot help.
 * `recordRefused` is what the outbox relay looks for before it isolates the guilty record.
 */
export class RecordRefusedError extends Error {
  readonly code = 'KAFKA_RECORD_REFUSED';
  readonly recordRefused = true;

  constructor(
    readonly type: string,
    cause: unknown,
  ) {
    super(`Kafka refuses a record: ${type}`, { cause });
    this.name = 'RecordRefusedError';
  }
}

/** Kafka's error names that speak of the record. Source: https://kafka.apache.org/protocol#protocol_error_codes */
const RECORD_ERRORS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'CORRUPT_MESSAGE',
  'INVALID_TIMESTAMP',
]);

/** The protocol error's name, also from inside kafkajs' wrappers. */
export function kafkaErrorType(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 5) {
    return undefined;
  }
  const { type, cause, originalError, errors } = error as Record<string, unknown>;
  if (typeof type === 'string') {
    return type;
  }
  const inner = [originalError, cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  for (const each of inner) {
    const found = kafkaErrorType(each, depth + 1);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

export function asPublishError(error: unknown): unknown {
  const type = kafkaErrorType(error);
  return type !== undefined && RECORD_ERRORS.has(type) ? new RecordRefusedError(type, error) : error;
}
