/**
 * Runs until this many events are published, or time is up; answers how many were, and in how many seconds.
 *
 * `start(published)` begins to publish, calls `published` for each event, and answers how to stop.
 */
export async function drained(events, timeoutMs, start) {
  let count = 0;
  let finish;
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  const timer = setTimeout(finish, timeoutMs);
  const begun = performance.now();
  const stop = await start(() => {
    if (++count === events) {
      finish();
    }
  });
  await finished;
  clearTimeout(timer);
  const seconds = (performance.now() - begun) / 1_000;
  const published = count;
  await stop();
  return { published, seconds };
}
