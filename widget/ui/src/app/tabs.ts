// One tab follows the server for all of them: the one that holds a lock. Where
// there are no locks each visible tab follows by itself.

/** What the tabs of this account tell each other. */
export function channel(name: string, heard: (what: never) => void) {
  const c = typeof BroadcastChannel === 'function' ? new BroadcastChannel(name) : undefined
  if (c) c.onmessage = (e) => heard(e.data as never)
  return {
    say: (what: unknown) => c?.postMessage(what),
    stop: () => c?.close(),
  }
}

const locks = () => (isSecureContext ? navigator.locks : undefined)

/** Does something while no other tab does it. */
export const alone = <T>(name: string, f: () => Promise<T>): Promise<T> => locks()?.request(name, f) || f()

/** Calls lead in one tab at a time; what lead returns ends it. */
export function leader(name: string, lead: () => () => void) {
  let leaving: (() => void) | undefined
  let request: AbortController | undefined
  const enter = () => {
    leaving ||= lead()
  }
  const leave = () => {
    leaving?.()
    leaving = undefined
  }
  const visible = () => (document.hidden ? leave() : enter())

  function start() {
    const here = locks()
    if (!here) {
      document.addEventListener('visibilitychange', visible)
      return visible()
    }
    const { signal } = (request = new AbortController())
    here
      .request(name, { signal }, () => {
        if (signal.aborted) return
        enter()
        return new Promise<void>((done) => signal.addEventListener('abort', () => done()))
      })
      .catch(() => {
        // Aborted, or locks are not to be had here: then this tab goes alone.
        if (!signal.aborted) enter()
      })
  }
  function end() {
    leave()
    request?.abort()
    document.removeEventListener('visibilitychange', visible)
  }
  // A page in the back/forward cache must hold neither lock nor stream.
  const back = (e: PageTransitionEvent) => {
    if (e.persisted) start()
  }
  addEventListener('pagehide', end)
  addEventListener('pageshow', back)
  start()

  return {
    leads: () => !!leaving,
    stop() {
      removeEventListener('pagehide', end)
      removeEventListener('pageshow', back)
      end()
    },
  }
}
