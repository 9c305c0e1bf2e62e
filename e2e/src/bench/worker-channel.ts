/*
 * The inner end of a measured process: it does what its parent asks, and ends when its parent does.
 */

type Commands = Readonly<Record<string, (argument: unknown) => unknown>>;

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument?: unknown;
}

export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string };

/** What the parent gave this process at its start. */
export function settingsOf<S>(): S {
  return JSON.parse(process.argv[2] ?? '{}') as S;
}

/** Says that the process is ready, and answers questions until the parent hangs up. */
export function serve(commands: Commands): void {
  process.on('message', ({ id, name, argument }: Question) => {
    void answerTo(commands, name, argument).then(
      (result) => send({ kind: 'answer', id, result }),
      (error: unknown) => send({ kind: 'failure', id, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.once('disconnect', () => process.exit(0));
  // Ctrl-C on a terminal reaches this process, too; its parent decides when it ends.
  process.on('SIGINT', () => undefined);
  send({ kind: 'ready' });
}

async function answerTo(commands: Commands, name: string, argument: unknown): Promise<unknown> {
  const command = commands[name];
  if (command === undefined) {
    throw new Error(`expected one of ${Object.keys(commands).join(', ')}; got ${name}`);
  }
  return command(argument);
}

function send(answer: Answer): void {
  process.send?.(answer);
}
