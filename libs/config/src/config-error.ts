export interface ConfigProblem {
  /** The variable, as it is spelt in the environment. */
  readonly name: string;
  /** One sentence: what was expected, what came, what to do. Never a secret's value. */
  readonly message: string;
}

/** EX_CONFIG of sysexits.h: tells a supervisor that another attempt with the same settings is useless. */
export const CONFIG_EXIT_CODE = 78;

/** Everything that is wrong with the settings, at once. The message is meant for a person; there is no need for a stack. */
export class ConfigError extends Error {
  readonly code = 'CONFIG';
  readonly exitCode = CONFIG_EXIT_CODE;

  constructor(readonly problems: readonly ConfigProblem[]) {
    super(report(problems));
    this.name = 'ConfigError';
  }
}

function report(problems: readonly ConfigProblem[]): string {
  const width = Math.max(...problems.map(({ name }) => name.length));
  const count = problems.length === 1 ? 'One setting is wrong' : `${problems.length} settings are wrong`;
  const lines = problems.map(({ name, message }) => `  ${name.padEnd(width)}  ${message}`);
  return [`${count}:`, ...lines, 'See docs/configuration.md for every setting, its default and its reason.'].join('\n');
}
