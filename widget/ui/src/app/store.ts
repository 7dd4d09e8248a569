// What the browser keeps of this account: nothing until the visitor acts, but for
// the moment of the welcome message. What is read may be anything: the page's own
// scripts and other versions write there, too.

export interface Waiting {
  key: string
  text: string
  at: number
  welcome?: boolean
  /** The last message before it. */
  after?: number
  state?: 'sending' | 'failed'
  /** The message of the refusal, where there is one. */
  reason?: string
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
  muted?: boolean
  /** What was typed into a form and not taken yet. */
  form?: Record<string, string>
  outbox?: Waiting[]
}

type Loose = Record<string, unknown>

/** JSON of what consists of own members, whatever toJSON a page gives to all arrays or objects. */
export function json(v: unknown): string {
  if (Array.isArray(v)) return `[${v.map((one) => json(one))}]`
  if (!v || typeof v !== 'object') return JSON.stringify(v)
  const own = v as Loose
  return `{${Object.keys(own)
    .filter((k) => own[k] !== undefined)
    .map((k) => JSON.stringify(k) + ':' + json(own[k]))}}`
}

/** What of a kept text has the shape that it should have. */
function valid(text: string): Kept {
  const v = (JSON.parse(text) || {}) as Loose
  const out: Loose = { form: {}, outbox: [] }
  for (const k of ['token', 'id', 'level', 'name', 'email', 'subject', 'draft', 'muted'])
    if (typeof v[k] === (k === 'muted' ? 'boolean' : 'string')) out[k] = v[k]
  if (!/^[\w.-]+$/.test(out.token as string)) delete out.token
  for (const k of Object.keys(v.form || {})) (out.form as Loose)[k] = String((v.form as Loose)[k])
  if (Array.isArray(v.outbox))
    out.outbox = v.outbox.filter((w) => typeof w?.key === 'string' && typeof w.text === 'string' && Math.abs(w.at) < 8e15)
  return out
}

export function store(name: string) {
  let acted = false
  let kept: Kept = {}
  const read = () => {
    try {
      const text = localStorage.getItem(name)
      if (!text) return
      acted = true
      kept = valid(text)
    } catch {
      // No storage here, or nothing that can be read: memory serves until the page goes.
    }
  }
  const write = () => {
    if (!acted) return
    try {
      localStorage.setItem(name, json(kept))
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
        if (value !== undefined && acted) sessionStorage.setItem(name, `{"open":${value}}`)
        return JSON.parse(sessionStorage.getItem(name)!).open
      } catch {
        return undefined
      }
    },
    /** Whether the welcome message was shown less than so many minutes ago; from now on it was. */
    greeted(minutes: number): boolean {
      const at = name + ':welcome'
      try {
        // A clock that was wrong once keeps nobody from being greeted.
        if (Math.abs(Date.now() - Number(localStorage.getItem(at))) < minutes * 6e4) return true
        if (minutes) localStorage.setItem(at, String(Date.now()))
      } catch {
        // No storage: greeted on every page.
      }
      return false
    },
    clear() {
      kept = { muted: kept.muted }
      write()
    },
  }
}

export type Store = ReturnType<typeof store>

/** A random key, also where the context is not secure. */
export const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-')
