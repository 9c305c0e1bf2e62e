import { parseArgs } from 'node:util';
import { exhibits } from './museum/exhibits.js';
import { type FaultKind, faultKinds } from './plan.js';

export interface RunCommand {
  readonly name: 'run';
  readonly seeds: readonly number[];
  readonly orders: number;
  readonly durationMs: number | undefined;
  readonly faults: readonly FaultKind[];
  readonly instances: number;
  readonly json: boolean;
  readonly keep: boolean;
}

export interface MuseumCommand {
  readonly name: 'museum';
  /** Absent: every exhibit. */
  readonly only: readonly string[] | undefined;
  readonly seeds: number | undefined;
  readonly write: boolean;
}

/** Its options are its own: see crash-points/command.ts. */
export interface CrashPointsCommand {
  readonly name: 'crash-points';
  readonly args: readonly string[];
}

/** Its options are its own: see idle/command.ts. */
export interface IdleCommand {
  readonly name: 'idle';
  readonly args: readonly string[];
}

/** Its options are its own: see rolling/command.ts. */
export interface RollingRestartCommand {
  readonly name: 'rolling';
  readonly args: readonly string[];
}

/** Their options are their own: see ../upgrade/command.ts. */
export interface UpgradeCommand {
  readonly name: 'upgrade' | 'matrix';
  readonly args: readonly string[];
}

export type ProveCommand =
  | RunCommand
  | MuseumCommand
  | CrashPointsCommand
  | IdleCommand
  | RollingRestartCommand
  | UpgradeCommand
  | { readonly name: 'check'; readonly file: string; readonly json: boolean };

/** What a person typed wrongly. */
export class CommandLineError extends Error {
  readonly code = 'PROVE_COMMAND_LINE';

  constructor(message: string) {
    super(message);
    this.name = 'CommandLineError';
  }
}

const ORDERS = 300;
const SEED_MAX = 2 ** 31;

/** @throws CommandLineError */
export function readCommandLine(args: readonly string[], randomSeed: () => number): ProveCommand {
  const [first, ...others] = args;
  if (first === 'crash-points' || first === 'rolling' || first === 'idle' || first === 'upgrade' || first === 'matrix') {
    return { name: first, args: others };
  }
  const { values, positionals } = parse(args);
  const [name = 'run', ...rest] = positionals;
  switch (name) {
    case 'check': {
      const [file, ...more] = rest;
      if (file === undefined || more.length > 0) {
        throw new CommandLineError(`check expects one record's file; got ${rest.length === 0 ? 'none' : rest.join(' ')}.`);
      }
      return { name, file, json: values.json };
    }
    case 'museum': {
      const only = values.only?.split(',').map((word) => word.trim());
      const unknown = [...rest, ...(only ?? []).filter((word) => !exhibits.some((exhibit) => exhibit.name === word))];
      if (unknown.length > 0) {
        const known = exhibits.map((exhibit) => exhibit.name).join(', ');
        throw new CommandLineError(`museum expects --only with some of ${known}; got "${unknown.join(', ')}".`);
      }
      return { name, only, seeds: numberOf('seeds', values.seeds, { min: 1, max: 100 }), write: values.write };
    }
    case 'run': {
      if (rest.length > 0) {
        throw new CommandLineError(`run takes options only; got "${rest.join(' ')}".`);
      }
      const first = numberOf('seed', values.seed, { min: 0, max: SEED_MAX }) ?? randomSeed();
      const count = numberOf('seeds', values.seeds, { min: 1, max: 10_000 }) ?? 1;
      const seconds = numberOf('duration', values.duration, { min: 5, max: 86_400 });
      return {
        name,
        seeds: Array.from({ length: count }, (_, index) => first + index),
        orders: numberOf('orders', values.orders, { min: 1, max: 1_000_000 }) ?? ORDERS,
        durationMs: seconds === undefined ? undefined : seconds * 1_000,
        faults: faultsOf(values.faults),
        instances: numberOf('instances', values.instances, { min: 1, max: 5 }) ?? 2,
        json: values.json,
        keep: values.keep,
      };
    }
    default:
      throw new CommandLineError(`Expected run, check, crash-points, rolling, idle, upgrade, matrix or museum; got "${name}".`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seed: { type: 'string' },
        seeds: { type: 'string' },
        orders: { type: 'string' },
        duration: { type: 'string' },
        faults: { type: 'string', default: 'all' },
        instances: { type: 'string' },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        only: { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new CommandLineError(error instanceof Error ? error.message : String(error));
  }
}

function faultsOf(text: string): readonly FaultKind[] {
  if (text === 'all') {
    return faultKinds;
  }
  if (text === 'none') {
    return [];
  }
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.filter((word) => !faultKinds.some((kind) => kind === word));
  if (unknown.length > 0) {
    throw new CommandLineError(`--faults expects some of ${faultKinds.join(', ')}, or all, or none; got "${unknown.join(', ')}".`);
  }
  return faultKinds.filter((kind) => words.includes(kind));
}

/** @throws CommandLineError */
export function numberOf(name: string, text: string | undefined, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    throw new CommandLineError(`--${name} should be a whole number from ${min} to ${max}, got "${text}".`);
  }
  return value;
}
