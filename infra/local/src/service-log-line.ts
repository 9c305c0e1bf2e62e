/** Colours for a terminal; without one the text stays as it is. */
export type Paint = (code: string, text: string) => string;

export function painter(colour: boolean): Paint {
  return (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
}

const LEVELS: Readonly<Record<number, { readonly name: string; readonly colour: string }>> = {
  10: { name: 'trace', colour: '2' },
  20: { name: 'debug', colour: '2' },
  30: { name: 'info', colour: '32' },
  40: { name: 'warn', colour: '33' },
  50: { name: 'error', colour: '31' },
  60: { name: 'fatal', colour: '1;31' },
};

/** Said elsewhere in the line, or the same in every line. */
const NOT_REPEATED = new Set(['level', 'time', 'msg', 'service', 'instance', 'pid', 'hostname', 'err', 'trace_flags', 'span_id']);

/** A service's JSON line as a person reads it; a line that is no JSON stays as it is. */
export function renderLogLine(line: string, paint: Paint): string {
  const entry = parse(line);
  if (entry === undefined) {
    return line;
  }
  const level = LEVELS[Number(entry['level'])] ?? { name: shown(entry['level']), colour: '0' };
  const time = typeof entry['time'] === 'number' ? new Date(entry['time']).toISOString().slice(11, 23) : '';
  const facts = Object.entries(entry)
    .filter(([name, value]) => !NOT_REPEATED.has(name) && value !== undefined && value !== null)
    .map(([name, value]) => paint('2', `${name}=${shown(value)}`));
  const words = [paint('2', time), paint(level.colour, level.name.padEnd(5)), shown(entry['msg']), ...facts];
  return [words.filter((word) => word !== '').join(' '), ...errorLines(entry['err'], paint)].join('\n');
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) {
    return undefined;
  }
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function errorLines(error: unknown, paint: Paint): string[] {
  if (typeof error !== 'object' || error === null) {
    return error === undefined ? [] : [`  ${shown(error)}`];
  }
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const text = typeof stack === 'string' ? stack : shown(message ?? error);
  return text.split('\n').map((each) => paint('31', `  ${each.trimEnd()}`));
}
