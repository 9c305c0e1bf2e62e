/** One place in the platform's own code, in a stack trace. */
interface Frame {
  /** `outbox` of libs/outbox, `orders` of apps/orders. */
  readonly home: string;
  /** Below dist, without the ending: `outbox-batch`, `persistence/stock`. */
  readonly file: string;
  /** Without its class; empty for a function without a name. */
  readonly name: string;
}

/** The way to the port, or what turns the crank: a statement is named after who asked for it. */
const PORTS = new Set([
  'database/transaction',
  'database/preparing-client',
  'database/connection',
  'kafka/producer',
  'kafka/kafkajs-driver',
  'kafka/process-span',
  'tracing/in-span',
  'outbox/settle-within',
  'service-defaults/messaging',
  'service-defaults/periodic-worker',
]);
/** Looks at the platform that change nothing: health checks and scrapes. */
const ONLOOKERS = /^(health\/|service-defaults\/(metrics|database-link check)|inbox\/parked-events countParked)/;

/**
 * The stable name of a call: who began what led to it, who made it, and what it was, such as
 * `relay > outbox/outbox-batch deleteAndRead: WITH DELETE FROM outbox`. No line numbers: a name outlives an edit.
 *
 * Undefined where none of the platform's code is on the stack, or only an onlooker's.
 */
export function pointName(stack: string, operation: string): string | undefined {
  const all = framesOf(stack);
  // A stop waits for everybody; what they do meanwhile is theirs.
  const frames = all.filter(({ home }) => home !== 'graceful-shutdown');
  if (frames.length === 0 && all.length > 0) {
    return `shutdown: ${operation}`;
  }
  const users = frames.filter(({ home, file }) => !PORTS.has(`${home}/${file}`));
  const [caller, root] = users.length === 0 ? [frames[0], frames.at(-1)] : [users[0], users.at(-1)];
  if (caller === undefined || root === undefined) {
    return undefined;
  }
  if (frames.some((frame) => ONLOOKERS.test(placeOf(frame)))) {
    return undefined;
  }
  const from = root.file.split('/').at(-1) ?? '';
  const place = placeOf(caller);
  return place.includes(`/${from} `) || root.file === caller.file ? `${place}: ${operation}` : `${from} > ${place}: ${operation}`;
}

function placeOf({ home, file, name }: Frame): string {
  return `${home}/${file} ${name}`.trimEnd();
}

/** The innermost first. */
function framesOf(stack: string): Frame[] {
  return stack.split('\n').flatMap((line) => {
    const found = /\/(?:libs|apps)\/([\w-]+)\/dist\/([\w./-]+)\.js:\d+:\d+\)?$/.exec(line);
    return found === null ? [] : [{ home: found[1] ?? '', file: found[2] ?? '', name: functionIn(line) }];
  });
}

function functionIn(line: string): string {
  const named = /^\s*at (?:async )?(?:new )?([^\s(]+)(?: \[as [^\]]+\])? \(/.exec(line)?.[1] ?? '';
  const name = named.split('.').at(-1) ?? '';
  return name === '<anonymous>' ? '' : name;
}

/** What a statement does, in few words: `SELECT FROM parked`, `WITH DELETE FROM outbox`, `COMMIT`. */
export function operationOf(statement: string): string {
  const text = statement.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').replace(/\s+/g, ' ').trim();
  const verb = /^\w+/.exec(text)?.[0].toUpperCase() ?? '';
  switch (verb) {
    case 'WITH': {
      const change = /\b(INSERT INTO|DELETE FROM|UPDATE) (?:ONLY )?"?(\w+)/.exec(text.replace(/FOR UPDATE|DO UPDATE/g, ''));
      return change === null ? `WITH SELECT${tableIn(text)}` : `WITH ${change[1] ?? ''} ${change[2] ?? ''}`;
    }
    case 'SELECT':
      return `SELECT${tableIn(text)}`;
    case 'INSERT':
    case 'DELETE':
    case 'UPDATE':
      return text.split(' ').slice(0, verb === 'UPDATE' ? 2 : 3).join(' ').replaceAll('"', '').replace(/\(.*/, '');
    case 'SET':
    case 'LISTEN':
    case 'NOTIFY':
    case 'START':
      return /^\w+(?: "?\w+)?/.exec(text)?.[0].replaceAll('"', '') ?? verb;
    default:
      return verb;
  }
}

function tableIn(text: string): string {
  const table = / FROM (?:ONLY )?"?(?:\w+"?\.)?"?(\w+)/.exec(text.replace(/\w+\(\w+ FROM /g, '('))?.[1];
  const call = /^SELECT (pg_\w+)\(/.exec(text)?.[1];
  return call !== undefined ? ` ${call}` : table === undefined ? '' : ` FROM ${table}`;
}
