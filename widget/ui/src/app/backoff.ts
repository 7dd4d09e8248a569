/** How long to wait before the next try, in milliseconds: jittered, at most 30 s, or what the server asked, at most 5 minutes. */
export function backoff(tries: number, chance: number, retryAfter = 0): number {
  const most = Math.min(30_000, 1000 * 2 ** Math.min(tries, 10))
  return Math.max(most * (0.5 + chance / 2), Math.min(retryAfter, 300) * 1000 * (1 + chance / 10))
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
