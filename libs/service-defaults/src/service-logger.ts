import type { LoggerService } from '@nestjs/common';
import { traceFields } from '@waybill/tracing';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

export interface ServiceLoggerOptions {
  readonly service: string;
  readonly instance: number;
  readonly level: string;
  /** Standard output unless told. */
  readonly destination?: DestinationStream;
}

/** Whatever is logged by these names is not written: a log is read by more people than a database. */
const SECRET_NAMES = ['password', 'passwd', 'secret', 'token', 'authorization', 'cookie', 'set-cookie', 'apiKey'];

/** JSON lines with the service, the instance and the trace that the line belongs to. */
export function createServiceLogger(options: ServiceLoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service, instance: options.instance },
      timestamp: stdTimeFunctions.epochTime,
      mixin: traceFields,
      redact: { paths: SECRET_NAMES.flatMap((name) => [path(name), `*${path(name)}`, `*.*${path(name)}`]), censor: '***' },
      serializers: { err: describeError },
    },
    // Synchronous, so that the last words of a process are written before it ends.
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

function path(name: string): string {
  return `["${name}"]`;
}

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/** Name, message, code, stack, cause. Nothing else: TypeORM's errors carry the parameters of the statement. */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) {
    return { type: typeof error, message: String(error) };
  }
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= 3 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

/** The form of logger that our libs ask for: message first, facts second. */
export interface PlainLog {
  debug(message: string, facts?: object): void;
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
}

export function plainLog(log: Logger): PlainLog {
  return {
    debug: (message, facts = {}) => log.debug(facts, message),
    info: (message, facts = {}) => log.info(facts, message),
    warn: (message, facts = {}) => log.warn(facts, message),
    error: (message, facts = {}) => log.error(facts, message),
  };
}

/** Nest tells of every module and route it sets up; that is for whoever debugs the start. */
const CHATTY = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/** Nest's own messages, and those of its Logger class, in the service's log. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...details: unknown[]): void {
    const context = details.at(-1);
    this.write(typeof context === 'string' && CHATTY.has(context) ? 'debug' : 'info', message, details);
  }

  fatal(message: unknown, ...details: unknown[]): void {
    this.write('fatal', message, details);
  }

  error(message: unknown, ...details: unknown[]): void {
    this.write('error', message, details);
  }

  warn(message: unknown, ...details: unknown[]): void {
    this.write('warn', message, details);
  }

  debug(message: unknown, ...details: unknown[]): void {
    this.write('debug', message, details);
  }

  verbose(message: unknown, ...details: unknown[]): void {
    this.write('trace', message, details);
  }

  private write(level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal', message: unknown, details: unknown[]): void {
    const context = details.at(-1);
    const err = [message, ...details].find((each) => each instanceof Error);
    this.logger[level](
      { ...(typeof context === 'string' ? { context } : {}), ...(err === undefined ? {} : { err }) },
      message instanceof Error ? message.message : String(message),
    );
  }
}
