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

/** The broker refuses a member that shares no way of assigning partitions with those who are there. */
export const OTHER_DRIVER = 'INCONSISTENT_GROUP_PROTOCOL';

/** The protocol error's name, also from inside the clients' wrappers. */
export function kafkaErrorType(error: unknown): string | undefined {
  return kafkaErrorTypes(error)[0];
}

/** kafkajs calls it `type`, @platformatic/kafka `apiId`; an answer about several records or partitions holds several. */
function kafkaErrorTypes(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 5) {
    return [];
  }
  const { type, apiId, cause, originalError, errors } = error as Record<string, unknown>;
  if (typeof type === 'string') {
    return [type];
  }
  if (typeof apiId === 'string') {
    return [apiId];
  }
  const inner = [originalError, cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return inner.flatMap((each) => kafkaErrorTypes(each, depth + 1));
}

export function asPublishError(error: unknown): unknown {
  const type = kafkaErrorTypes(error).find((each) => RECORD_ERRORS.has(each));
  return type === undefined ? error : new RecordRefusedError(type, error);
}
