import { describe, expect, it } from 'vitest';
import { painter, renderLogLine } from './service-log-line.js';

const plain = painter(false);

describe('a log line for a person', () => {
  it('has time, level, words and facts', () => {
    const line = '{"level":30,"time":1763956800123,"service":"orders","instance":1,"msg":"ready","port":3001,"roles":["http"]}';
    expect(renderLogLine(line, plain)).toBe('04:00:00.123 info  ready port=3001 roles=["http"]');
  });

  it('shows an error with its stack', () => {
    const line = '{"level":50,"time":0,"msg":"failed","err":{"type":"Error","message":"no","stack":"Error: no\\n    at x"}}';
    expect(renderLogLine(line, plain)).toBe('00:00:00.000 error failed\n  Error: no\n      at x');
  });

  it.each(['Debugger listening on ws://127.0.0.1:9229', '{"half": ', ''])('stays as it is when it is no JSON: %s', (line) => {
    expect(renderLogLine(line, plain)).toBe(line);
  });

  it('is coloured where colours are wanted', () => {
    expect(renderLogLine('{"level":40,"msg":"hm"}', painter(true))).toContain('\u001b[33mwarn \u001b[0m');
  });
});
