import { describe, expect, it } from 'vitest';
import { findJava, javaMajor } from './java.js';

describe('the version of Java', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_392"', 8],
    ['openjdk version "21" 2023-09-19', 21],
    ['Picked up JAVA_TOOL_OPTIONS: -Dx=y\nopenjdk version "25.0.1" 2026-10-20', 25],
    ['The operation could not be completed. Unable to locate a Java Runtime.', undefined],
  ])('%s', (output, major) => {
    expect(javaMajor(output)).toBe(major);
  });

  it('that is missing is named with what to do', async () => {
    await expect(findJava({ JAVA_HOME: '/nowhere' })).rejects.toThrow(/\/nowhere\/bin\/java.*apt install/);
  });
});
