// The inner end of a measured process, as e2e/src/bench/worker-channel.ts has it: peers are not compiled with us.
export const settings = JSON.parse(process.argv[2] ?? '{}');

export function serve(commands) {
  process.on('message', ({ id, name, argument }) => {
    Promise.resolve()
      .then(() => commands[name](argument))
      .then(
        (result) => process.send?.({ kind: 'answer', id, result }),
        (error) => process.send?.({ kind: 'failure', id, message: error?.stack ?? String(error) }),
      );
  });
  process.once('disconnect', () => process.exit(0));
  process.on('SIGINT', () => undefined);
  process.send?.({ kind: 'ready' });
}
