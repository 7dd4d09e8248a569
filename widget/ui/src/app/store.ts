// What the browser keeps of this account: nothing until the visitor acts.

export interface Waiting {
  key: string
  text: string
  at: number
  welcome?: boolean
}

export interface Kept {
  token?: string
  id?: string
  level?: string
  name?: string
  email?: string
  /** The claims of the host's identity that the session was started with. */
  subject?: string
  draft?: string
  /** What was typed into a form and not taken yet. */
  form?: Record<string, string>
  outbox?: Waiting[]
  /** When the welcome message was last shown. */
  welcomed?: number
  muted?: boolean
}

export function store(name: string) {
  let acted = false
  let kept: Kept = {}
  const read = () => {
    try {
      const text = localStorage.getItem(name)
      if (!text) return
      kept = JSON.parse(text)
      acted = true
    } catch {
      // No storage here: memory serves until the page goes.
    }
  }
  const write = () => {
    if (!acted) return
    try {
      localStorage.setItem(name, JSON.stringify(kept))
    } catch {
      // Full or forbidden.
    }
  }
  read()
  return {
    get: () => kept,
    /** Changes what is kept; undefined members go. */
    set(change: Kept) {
      if (acted) read()
      kept = { ...kept, ...change }
      write()
    },
    /** The visitor has done something here: from now on things are kept. */
    act() {
      if (acted) return
      acted = true
      write()
    },
    reread: read,
    /** Whether the panel is open, for the next page of this tab. */
    open(value?: boolean): boolean | undefined {
      try {
        if (value !== undefined && acted) sessionStorage.setItem(name, JSON.stringify({ open: value }))
        return JSON.parse(sessionStorage.getItem(name) || '{}').open
      } catch {
        return undefined
      }
    },
    clear() {
      kept = { muted: kept.muted, welcomed: kept.welcomed }
      write()
    },
  }
}

export type Store = ReturnType<typeof store>

/** A random key, also where the context is not secure. */
export const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-')
