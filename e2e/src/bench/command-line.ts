import { parseArgs } from 'node:util';

/** Measured in rounds, and together by `all`. */
export const partNames = ['relay', 'inbox', 'peers', 'latency', 'prices', 'orders'] as const;
/** Commands of their own: they take minutes, and have no rounds. */
export const soloNames = ['quick', 'steady', 'backlog'] as const;

export type PartName = (typeof partNames)[number];
export type SoloName = (typeof soloNames)[number];
export type CommandName = PartName | SoloName;

export interface CommandLine {
  readonly commands: readonly CommandName[];
  readonly rounds: number;
  /** Rows of a backlog that is drained in a round. */
  readonly rows: number | undefined;
  /** How long `steady` goes on. */
  readonly seconds: number | undefined;
  readonly json: boolean;
  readonly write: boolean;
}

/** What a person typed wrongly. */
export class CommandLineError extends Error {
  readonly code = 'BENCH_COMMAND_LINE';

  constructor(message: string) {
    super(message);
    this.name = 'CommandLineError';
  }
}

export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  const commands = positionals.length === 0 ? (['quick'] as const) : positionals.flatMap(commandsOf);
  return {
    commands: [...new Set(commands)],
    rounds: numberOf('rounds', values.rounds) ?? 5,
    rows: numberOf('rows', values.rows),
    seconds: numberOf('seconds', values.seconds),
    json: values.json,
    write: values.write,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        rows: { type: 'string' },
        seconds: { type: 'string' },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new CommandLineError(error instanceof Error ? error.message : String(error));
  }
}

function commandsOf(word: string): readonly CommandName[] {
  if (word === 'all') {
    return partNames;
  }
  const known = [...partNames, ...soloNames].find((name) => name === word);
  if (known === undefined) {
    throw new CommandLineError(`Expected one of: ${[...partNames, 'all', ...soloNames].join(', ')}; got "${word}".`);
  }
  return [known];
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new CommandLineError(`--${name} should be a positive whole number, got "${text}".`);
  }
  return Number(text);
}
