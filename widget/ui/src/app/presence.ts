// Whether somebody is there: asked again and again while the visitor looks.

/** Asks while looked says so: five seconds after an answer, or thirty after a question that has none. */
export function presence(ask: () => Promise<unknown>, looked: () => boolean, signal: AbortSignal): () => void {
  let due = 0
  const later = (seconds: number) => (due = Date.now() + seconds * 1000)
  const look = () => {
    if (Date.now() < due || !looked()) return
    later(30)
    ask().finally(() => later(5))
  }
  later(5)
  const timer = setInterval(look, 1000)
  signal.addEventListener('abort', () => clearInterval(timer))
  return look
}
