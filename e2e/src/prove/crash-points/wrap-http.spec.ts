import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { PortCall } from './trap.js';
import { type UndiciModule, wrapHttp } from './wrap-http.js';

type Dispatcher = ReturnType<UndiciModule['getGlobalDispatcher']>;
type Handler = Parameters<Dispatcher['dispatch']>[1];

const heard = vi.fn<(...what: unknown[]) => void>();
const handler: Handler = {
  onConnect: () => heard('connect'),
  onHeaders: (status) => heard('headers', status),
  onData: (chunk) => heard('data', chunk),
  onComplete: () => heard('complete'),
  onError: (error) => heard('error', error),
};
let server: Handler;
let dispatcher: Dispatcher;
let through: <T>(call: PortCall<T>) => Promise<T>;

beforeEach(() => {
  vi.resetAllMocks();
  through = ({ make }) => make();
  dispatcher = {
    dispatch: (_, to) => {
      server = to;
      return true;
    },
  };
  wrapHttp({ getGlobalDispatcher: () => dispatcher }, { through: (call) => through(call) });
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a request', () => {
  it('is named after its method and the first part of its path', () => {
    const operations: string[] = [];
    through = (call) => {
      operations.push(call.operation);
      return call.make();
    };
    dispatcher.dispatch({ method: 'DELETE', path: '/labels/17' }, handler);
    expect(operations).toEqual(['DELETE labels']);
  });

  it('hears nothing of its answer before the whole of it is there', async () => {
    dispatcher.dispatch({ method: 'POST', path: '/labels' }, handler);
    server.onConnect?.();
    server.onHeaders?.(201);
    server.onData?.('{}');
    await settled();
    expect(heard.mock.calls).toEqual([['connect']]);
    server.onComplete?.();
    await settled();
    expect(heard.mock.calls).toEqual([['connect'], ['headers', 201], ['data', '{}'], ['complete']]);
  });

  it('hears of an error, and of nothing that came before it', async () => {
    const error = new Error('reset');
    dispatcher.dispatch({ method: 'POST', path: '/labels' }, handler);
    server.onHeaders?.(201);
    server.onError?.(error);
    await settled();
    expect(heard.mock.calls).toEqual([['error', error]]);
  });

  it('that is lost was carried out, and hears of a time-out', async () => {
    through = async ({ make, lost }) => {
      await make();
      throw lost?.() ?? new Error('cannot be lost');
    };
    dispatcher.dispatch({ method: 'POST', path: '/labels' }, handler);
    server.onHeaders?.(201);
    server.onComplete?.();
    await settled();
    expect(heard.mock.calls).toEqual([['error', expect.objectContaining({ code: 'UND_ERR_HEADERS_TIMEOUT' })]]);
  });
});
