import { type logCreator, logLevel } from 'kafkajs';

export interface KafkaLog {
  debug(message: string, facts?: object): void;
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
}

/** kafkajs tells of a jump over lost records only in its log. */
const OFFSET_OUT_OF_RANGE = 'Offset out of range';

/**
 * kafkajs' log lines in ours. It reports each retried attempt as an error; we retry for ever and report that ourselves,
 * so its errors are warnings here, and all but warnings are for debugging.
 */
export function logCreatorFor(log: KafkaLog, onOffsetOutOfRange: (facts: object) => void): logCreator {
  return () =>
    ({ level, namespace, log: entry }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...facts } = entry;
      if (message.startsWith(OFFSET_OUT_OF_RANGE)) {
        onOffsetOutOfRange(facts);
      }
      const text = `kafkajs ${namespace}: ${message}`;
      if (level === logLevel.ERROR || level === logLevel.WARN) {
        log.debug(text, facts);
      }
    };
}
