import type { Traps } from './trap.js';

/** What is used of undici. */
export interface UndiciModule {
  getGlobalDispatcher(): { compose(interceptor: Interceptor): unknown };
  setGlobalDispatcher(dispatcher: never): void;
}

type Dispatch = (options: { readonly method: string; readonly path: string }, handler: Handler) => boolean;
type Interceptor = (dispatch: Dispatch) => Dispatch;

interface Handler {
  onRequestStart?(controller: unknown, context: unknown): void;
  onRequestUpgrade?(...args: unknown[]): void;
  onResponseStart?(...args: unknown[]): void;
  onResponseData?(...args: unknown[]): void;
  onResponseEnd?(controller: unknown, trailers: unknown): void;
  onResponseError?(controller: unknown, error: Error): void;
}

/** Leads every request of undici's global dispatcher, the carrier's, through the traps. */
export function wrapHttp(undici: UndiciModule, traps: Pick<Traps, 'through'>): void {
  const interceptor: Interceptor = (dispatch) => (options, handler) => {
    let going = true;
    const made = traps.through({
      operation: `${options.method} ${options.path.split('/')[1] ?? ''}`,
      make: () =>
        new Promise<Answer>((resolve) => {
          going = dispatch(options, recorder(handler, resolve));
        }),
      lost: () => Object.assign(new Error('Headers Timeout Error'), { code: 'UND_ERR_HEADERS_TIMEOUT' }),
    });
    made.then(
      (answer) => answer((call) => call(handler)),
      (error: Error) => handler.onResponseError?.(undefined, error),
    );
    return going;
  };
  undici.setGlobalDispatcher(undici.getGlobalDispatcher().compose(interceptor) as never);
}

type Call = (handler: Handler) => void;
/** Says again to a handler what was said of the answer. */
type Answer = (say: (call: Call) => void) => void;

/** Keeps the whole answer back until its end: a process that is stopped or killed at it must not have seen its beginning. */
function recorder(handler: Handler, resolve: (answer: Answer) => void): Handler {
  const calls: Call[] = [];
  const ended = (call: Call) => {
    calls.push(call);
    resolve((say) => calls.forEach(say));
  };
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onResponseStart: (...args) => void calls.push((to) => to.onResponseStart?.(...args)),
    onResponseData: (...args) => void calls.push((to) => to.onResponseData?.(...args)),
    onResponseEnd: (...args) => ended((to) => to.onResponseEnd?.(...args)),
    onResponseError: (...args) => ended((to) => to.onResponseError?.(...args)),
  };
}
