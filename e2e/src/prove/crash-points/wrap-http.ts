import type { Traps } from './trap.js';

/** What is used of undici. */
export interface UndiciModule {
  getGlobalDispatcher(): Dispatcher;
}

interface Dispatcher {
  dispatch(options: { readonly method: string; readonly path: string }, handler: Handler): boolean;
}

/** Who hears of the answer, as undici's `request` makes it; of Node's own undici and of the package's alike. */
interface Handler {
  onConnect?(...args: unknown[]): unknown;
  onHeaders?(...args: unknown[]): unknown;
  onData?(...args: unknown[]): unknown;
  onComplete?(...args: unknown[]): unknown;
  onError?(error: unknown): unknown;
}

/** Leads every request of undici's global dispatcher, the carrier's, through the traps. */
export function wrapHttp(undici: UndiciModule, traps: Pick<Traps, 'through'>): void {
  const dispatcher = undici.getGlobalDispatcher();
  const dispatch = dispatcher.dispatch.bind(dispatcher);
  dispatcher.dispatch = (options, handler) => {
    if (handler.onHeaders === undefined) {
      return dispatch(options, handler);
    }
    const answered = traps.through({
      operation: `${options.method} ${options.path.split('/')[1] ?? ''}`,
      make: () =>
        new Promise<Answer>((resolve) => {
          dispatch(options, recorder(handler, resolve));
        }),
      lost: () => Object.assign(new Error('Headers Timeout Error'), { code: 'UND_ERR_HEADERS_TIMEOUT' }),
    });
    answered.then(
      (calls) => calls.forEach((call) => call(handler)),
      (error: unknown) => handler.onError?.(error),
    );
    return true;
  };
}

/** What was said of an answer, to be said again to its handler. */
type Answer = readonly ((handler: Handler) => void)[];

/** Keeps the whole answer back until its end: a process that is stopped or killed at it must not have seen its beginning. */
function recorder(handler: Handler, resolve: (answer: Answer) => void): Handler {
  const calls: ((handler: Handler) => void)[] = [];
  return {
    onConnect: (...args) => handler.onConnect?.(...args),
    onHeaders: (...args) => {
      calls.push((to) => void to.onHeaders?.(...args));
      return true;
    },
    onData: (...args) => {
      calls.push((to) => void to.onData?.(...args));
      return true;
    },
    onComplete: (...args) => {
      calls.push((to) => void to.onComplete?.(...args));
      resolve(calls);
    },
    onError: (error) => resolve([(to) => void to.onError?.(error)]),
  };
}
