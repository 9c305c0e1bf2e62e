import { UsageError } from './command-errors.js';

/** One `--option` of a command: what its help says, and what becomes of the text that was given. */
export interface Option<T> {
  /** What stands for the value in the help, such as `ID`; absent for a flag, which takes none. */
  readonly placeholder?: string;
  readonly help: string;
  /** `text` is undefined when the option was not given, and empty for a flag that was. @throws UsageError */
  readonly read: (text: string | undefined, name: string) => T;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;
export type OptionValues<O extends OptionTable> = {
  readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never;
};

export function flag(help: string): Option<boolean> {
  return { help, read: (given) => given !== undefined };
}

export function text(placeholder: string, help: string): Option<string | undefined> {
  return {
    placeholder,
    help,
    read: (given, name) => {
      if (given?.trim() === '') {
        throw new UsageError(`--${name} should not be empty.`);
      }
      return given;
    },
  };
}

export function oneOf<const T extends string>(
  values: readonly T[],
  placeholder: string,
  help: string,
): Option<T | undefined> {
  return {
    placeholder,
    help: `${help}: ${values.join(', ')}`,
    read: (given, name) => {
      const found = values.find((value) => value === given);
      if (given !== undefined && found === undefined) {
        throw new UsageError(`--${name} should be one of ${values.join(', ')}; got "${given}".`);
      }
      return found;
    },
  };
}

/** A number within limits; `fallback` where the option is not given. */
export function number<F extends number | undefined>(
  { min, max, fallback, whole = true }: { min: number; max: number; fallback: F; whole?: boolean },
  placeholder: string,
  help: string,
): Option<number | F> {
  return {
    placeholder,
    help: fallback === undefined ? help : `${help}; ${fallback}`,
    read: (given, name) => {
      if (given === undefined) {
        return fallback;
      }
      const value = given.trim() === '' ? NaN : Number(given);
      if (!(value >= min && value <= max) || (whole && !Number.isSafeInteger(value))) {
        throw new UsageError(`--${name} should be a ${whole ? 'whole ' : ''}number from ${min} to ${max}; got "${given}".`);
      }
      return value;
    },
  };
}

/** An offset of Kafka: a decimal string, because it may exceed 2^53. */
export function offset(help: string): Option<string | undefined> {
  return {
    placeholder: 'N',
    help,
    read: (given, name) => {
      if (given !== undefined && !/^\d{1,18}$/.test(given)) {
        throw new UsageError(`--${name} should be an offset: a whole number, 0 or greater; got "${given}".`);
      }
      return given;
    },
  };
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Without a zone, noon would be another moment on the operator's laptop than on the server. */
const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/** A moment: ISO 8601 with a zone, a date (its midnight in UTC), or how long ago: `90s`, `15m`, `2h`, `7d`. */
export function time(help: string, now: () => number = Date.now): Option<Date | undefined> {
  return {
    placeholder: 'TIME',
    help,
    read: (given, name) => {
      if (given === undefined) {
        return undefined;
      }
      const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(given) ?? [];
      const at =
        count !== undefined && unit !== undefined
          ? new Date(now() - Number(count) * (UNITS_MS[unit] ?? NaN))
          : new Date(ISO_TIME.test(given) ? given : NaN);
      if (Number.isNaN(at.getTime())) {
        throw new UsageError(
          `--${name} should be a time such as 2026-11-25T03:00:00Z, a date, or how long ago, such as 15m, 2h or 7d; got "${given}".`,
        );
      }
      return at;
    },
  };
}

/** The same option, without which the command does not run. */
export function required<T>(option: Option<T | undefined>, why: string): Option<T> {
  return {
    ...option,
    help: `${option.help} (required)`,
    read: (given, name) => {
      const value = option.read(given, name);
      if (value === undefined) {
        throw new UsageError(`--${name} ${option.placeholder ?? ''} is required: ${why}.`);
      }
      return value;
    },
  };
}
