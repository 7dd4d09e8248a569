// localStorage as tabs see it: each sees what another has written a moment later, and
// then hears of it.

interface View {
  seen: Map<string, string>
  /** Which write of an entry it has seen last. */
  last: Map<string, number>
}

export function storage<Tab extends object>(here: () => Tab, later: (tab: Tab, f: () => void) => void, tell: (tab: Tab, key: string) => void) {
  const kept = new Map<string, string>()
  const views = new Map<Tab, View>()
  let writes = 0
  const view = (tab: Tab) => {
    let v = views.get(tab)
    if (!v) views.set(tab, (v = { seen: new Map(kept), last: new Map() }))
    return v
  }
  const put = (of: Map<string, string>, key: string, value?: string) => (value === undefined ? of.delete(key) : of.set(key, value))

  function write(key: string, value?: string) {
    const n = ++writes
    const own = view(here())
    if (own.seen.get(key) === value) return
    put(own.seen, key, value)
    own.last.set(key, n)
    put(kept, key, value)
    for (const [tab, other] of views)
      if (other !== own)
        later(tab, () => {
          if ((other.last.get(key) || 0) > n) return
          put(other.seen, key, value)
          other.last.set(key, n)
          tell(tab, key)
        })
  }
  const face = {
    getItem: (key: string) => view(here()).seen.get(key) ?? null,
    setItem: (key: string, value: string) => write(key, String(value)),
    removeItem: (key: string) => write(key),
  }
  return {
    kept,
    close: (tab: Tab) => views.delete(tab),
    /** Its own members are the entries. */
    face: new Proxy(face, {
      ownKeys: () => [...view(here()).seen.keys()],
      getOwnPropertyDescriptor: (_, key) => ({ value: face.getItem(String(key)), enumerable: true, configurable: true }),
    }),
  }
}
