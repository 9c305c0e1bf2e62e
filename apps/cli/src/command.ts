import { parseArgs } from 'node:util';
import { USAGE_EXIT_CODE, UsageError } from './command-errors.js';
import type { Option, OptionTable, OptionValues } from './option.js';

/** What a command may use of the world around it. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  /** The answer, line by line, which a program may read. */
  readonly print: (line: string) => void;
  /** Words for a person, beside the answer: progress, warnings. */
  readonly say: (line: string) => void;
  readonly colour: boolean;
}

export interface Input<O extends OptionTable> {
  /** What stands without an option, in order: an id, a consumer's name. */
  readonly operands: readonly string[];
  readonly options: OptionValues<O>;
}

/** One thing that a command does, such as `ls` or `retry ID`; its options are read and checked before it runs. */
export interface Verb {
  readonly summary: string;
  readonly usage: string;
  readonly options: OptionTable;
  /** In the place of the help that is made of the rest. */
  readonly help?: string;
  /** Resolves with the exit code. */
  run(args: readonly string[], surroundings: Surroundings): Promise<number>;
}

export interface VerbDefinition<O extends OptionTable> {
  readonly summary: string;
  /** The names of what stands without an option; in brackets where it may be left out: `[ID]`, `[FILE ...]` for any number. */
  readonly operands?: readonly string[];
  readonly options: O;
  readonly run: (input: Input<O>, surroundings: Surroundings) => Promise<number>;
}

/** A word after `waybill`. With one verb it may have no name: `waybill status`. */
export interface Command {
  readonly summary: string;
  readonly verbs: Readonly<Record<string, Verb>>;
  /** What is done where the first argument names none of the verbs. */
  readonly unnamed?: Verb;
}

export type CommandTable = Readonly<Record<string, Command>>;

export function verb<O extends OptionTable>({ summary, operands = [], options, run }: VerbDefinition<O>): Verb {
  return {
    summary,
    usage: operands.join(' '),
    options,
    run: (args, surroundings) => run(readInput(args, operands, options), surroundings),
  };
}

function readInput<O extends OptionTable>(args: readonly string[], operands: readonly string[], options: O): Input<O> {
  const { values, positionals } = parsed(args, options);
  const needed = operands.filter((name) => !name.startsWith('['));
  if (positionals.length < needed.length) {
    throw new UsageError(`${needed.slice(positionals.length).join(' and ')} is missing.`);
  }
  if (positionals.length > operands.length && operands.at(-1)?.endsWith(' ...]') !== true) {
    throw new UsageError(`"${positionals.slice(operands.length).join(' ')}" is too much.`);
  }
  const read = Object.entries(options).map(([name, option]): [string, unknown] => {
    const given = values[name];
    return [name, option.read(given === true ? '' : given, name)];
  });
  return { operands: positionals, options: Object.fromEntries(read) as OptionValues<O> };
}

function parsed(
  args: readonly string[],
  options: OptionTable,
): { values: Record<string, string | true | undefined>; positionals: string[] } {
  const config = Object.entries(options).map(([name, { placeholder }]) => {
    return [name, { type: placeholder === undefined ? ('boolean' as const) : ('string' as const) }] as const;
  });
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      options: Object.fromEntries(config),
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
      throw new UsageError(`--${twice} may be given once only.`);
    }
    return { values: values as Record<string, string | true | undefined>, positionals };
  } catch (error) {
    if (error instanceof TypeError) {
      // parseArgs says what is wrong, and then a second sentence about quoting that helps nobody here.
      throw new UsageError(`${error.message.split(/\.\s|\n/)[0]?.replace(/\.$/, '')}.`);
    }
    throw error;
  }
}

/** Finds what the arguments name and runs it; tells what is wrong with them, and how to ask for help. */
export async function runCommand(
  commands: CommandTable,
  args: readonly string[],
  surroundings: Surroundings,
  remark: string,
): Promise<number> {
  const { print, say } = surroundings;
  const [name, ...rest] = args;
  const wantsHelp = rest.some(isHelp);
  if (name === undefined || isHelp(name)) {
    print(helpOfAll(commands, remark));
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    say(`There is no command "${name}".\n\n${helpOfAll(commands, remark)}`);
    return USAGE_EXIT_CODE;
  }
  const [first = ''] = rest;
  const named = Object.hasOwn(command.verbs, first) ? command.verbs[first] : undefined;
  if (wantsHelp) {
    print(named === undefined ? helpOf(name, command) : helpOfVerb(`${name} ${first}`, named));
    return 0;
  }
  const chosen = named ?? command.unnamed;
  if (chosen === undefined) {
    const known = Object.keys(command.verbs).join(', ');
    say(first === '' ? helpOf(name, command) : `${name} knows ${known}; got "${first}".`);
    return USAGE_EXIT_CODE;
  }
  try {
    return await chosen.run(named === undefined ? rest : rest.slice(1), surroundings);
  } catch (error) {
    if (!(error instanceof UsageError)) {
      throw error;
    }
    const path = named === undefined ? name : `${name} ${first}`;
    say(`${error.message}\n\n  npm run waybill -- ${path} --help`);
    return USAGE_EXIT_CODE;
  }
}

function isHelp(arg: string): boolean {
  return arg === '--help' || arg === '-h';
}

function helpOfAll(commands: CommandTable, remark: string): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
  return ['npm run waybill -- COMMAND [OPTIONS]', columns(rows), 'npm run waybill -- COMMAND --help tells more.', remark].join(
    '\n\n',
  );
}

function helpOf(name: string, { summary, verbs, unnamed }: Command): string {
  if (unnamed?.help !== undefined) {
    return unnamed.help;
  }
  const path = `npm run waybill -- ${name}`;
  const verbRows = Object.entries(verbs).map(([verbName, { usage, summary: does }]) => {
    return [`${verbName} ${usage}`.trim(), does] as const;
  });
  return [
    `${path}   ${summary}`,
    ...(unnamed === undefined ? [] : [helpOfVerb(name, unnamed)]),
    ...(verbRows.length === 0 ? [] : [columns(verbRows), `${path} ${verbRows.length === 1 ? verbRows[0]?.[0] : 'VERB'} --help tells more.`]),
  ].join('\n\n');
}

function helpOfVerb(path: string, { summary, usage, options }: Verb): string {
  const line = `npm run waybill -- ${path}${usage === '' ? '' : ` ${usage}`} [OPTIONS]`;
  return [line, `  ${summary}`, optionsHelp(options)].filter((part) => part !== '').join('\n\n');
}

function optionsHelp(options: OptionTable): string {
  return columns(
    Object.entries(options).map(([name, option]) => [`--${name}${placeholderOf(option)}`, option.help] as const),
  );
}

function placeholderOf({ placeholder }: Option<unknown>): string {
  return placeholder === undefined ? '' : ` ${placeholder}`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`).join('\n');
}
