/** How long to wait before the next try, in milliseconds: jittered, at most 30 s, never less than the server asked. */
export function backoff(tries: number, chance: number, retryAfter = 0): number {
  const most = Math.min(30_000, 1000 * 2 ** Math.min(tries, 10))
  return Math.max(most * (0.5 + chance / 2), retryAfter * 1000 * (1 + chance / 10))
}

/** A waiter that can be woken: the promise settles after ms, or at wake(). */
export function waiter() {
  let wake = () => {}
  return {
    wake: () => wake(),
    wait: (ms: number) =>
      new Promise<void>((done) => {
        const timer = setTimeout(done, ms)
        wake = () => {
          clearTimeout(timer)
          done()
        }
      }),
  }
}
