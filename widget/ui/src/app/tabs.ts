// One tab follows the server for all of them: the one that holds a lock. Where
// there are no locks each visible tab follows by itself.

/** What the tabs of this account tell each other. */
export function channel(name: string, heard: (what: never) => void) {
  const c = new BroadcastChannel(name)
  c.onmessage = (e) => heard(e.data as never)
  return {
    say: (what: unknown) => c.postMessage(what),
    stop: () => c.close(),
  }
}

/** None where the context is not secure, or the page has no origin: a sandboxed frame's requests fail. */
const locks = () => origin !== 'null' && (navigator.locks as LockManager | undefined)

let last: Promise<unknown> = Promise.resolve()

/**
 * Does something while no other tab does it, or none but such that do it in shared mode.
 * A tab that takes longer than any request hangs, and where no mode is given is not waited
 * for; then f may be done again when it is that tab's turn to end. The next tab comes a
 * moment later: it shall see what this one has stored.
 */
export const alone = <T>(name: string, f: () => Promise<T>, mode?: LockMode): Promise<T> =>
  new Promise((done, fail) => {
    const here = locks()
    if (!here) return void (last = last.then(f).then(done, fail))
    const ask = (o: LockOptions) =>
      here
        .request(name, o, async () => {
          clearTimeout(timer)
          done(await f())
          await new Promise((over) => setTimeout(over, 100))
        })
        .catch(fail)
    const timer = mode ? 0 : setTimeout(ask, 40_000, { steal: true })
    ask({ mode })
  })

/** Every so many milliseconds a tab that is seen asks whether the leading one still runs. */
const ask = 2000

/**
 * Calls lead in one tab at a time; what lead returns ends it. A tab that leads and does
 * not answer, because it is frozen or shows a dialog, loses that to one that is seen.
 */
export function leader(name: string, lead: () => () => void) {
  let leaving: (() => void) | undefined
  let request: AbortController | undefined
  let unanswered = 0
  const line = channel(name, (asked: boolean) => {
    if (!asked) unanswered = 0
    else if (leaving) line.say(false)
  })
  const enter = () => {
    leaving ||= lead()
  }
  const leave = () => {
    leaving?.()
    leaving = undefined
  }
  const visible = () => (document.hidden ? leave() : enter())

  function start(steal?: boolean) {
    const here = locks()
    if (!here) {
      document.addEventListener('visibilitychange', visible)
      return visible()
    }
    const { signal } = (request = new AbortController())
    here
      .request(name, steal ? { steal } : { signal }, () => {
        if (signal.aborted) return
        enter()
        return new Promise<void>((done) => signal.addEventListener('abort', () => done()))
      })
      .catch(() => {
        if (signal.aborted) return
        // Another tab has taken it, or locks are not to be had here: then this tab goes alone.
        if (!leaving) return enter()
        leave()
        start()
      })
  }
  function end() {
    leave()
    request?.abort()
    document.removeEventListener('visibilitychange', visible)
  }
  const timer = setInterval(() => {
    if (leaving || document.hidden) unanswered = 0
    else if (unanswered++ < 2) line.say(true)
    else {
      unanswered = 0
      request?.abort()
      start(true)
    }
  }, ask)
  // A page in the back/forward cache must hold neither lock nor stream.
  const life = new AbortController()
  addEventListener('pagehide', end, life)
  addEventListener('pageshow', (e) => e.persisted && start(), life)
  start()

  return {
    leads: () => !!leaving,
    stop() {
      clearInterval(timer)
      line.stop()
      life.abort()
      end()
    },
  }
}
