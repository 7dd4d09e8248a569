// Logging in a session that is there. It is rare, so the app does without until then.

import type { Client, Refused } from '../app/api'
import type { Store } from '../app/store'
import type { Session } from '../types'

let last: Promise<unknown> = Promise.resolve()

/** Does something while nobody logs in: in no tab, or where there are no locks, not in this one. */
function alone<T>(name: string, f: () => Promise<T>): Promise<T> {
  if (isSecureContext && navigator.locks) return navigator.locks.request(name + ':login', f)
  const next = last.then(f, f)
  last = next
  return next
}

/** Makes a request again while it may succeed later. */
async function patient<T>(request: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await request()
    } catch (e) {
      const { later, after } = e as Refused
      if (!later || tries > 3) throw e
      await new Promise((done) => setTimeout(done, Math.max(1000 * 2 ** tries, after * 1000)))
    }
  }
}

/** The subject of a signed identity's claims; the signature is the server's to check. */
function subject(claims = ''): string {
  try {
    return String(JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))).sub)
  } catch {
    return claims
  }
}

/** What concerns logins: of this session, here and in other tabs. */
export function login(store: Store, api: Client, name: string) {
  return {
    /**
     * Logs the session in, which gives it another token; undefined: another tab has
     * done it meanwhile. Where the answer is lost the old token is good for doing it
     * again.
     */
    login(body: Record<string, unknown>): Promise<Session | undefined> {
      const { token: old } = store.get()
      return alone(name, async () => {
        store.reread()
        if (store.get().token !== old) return undefined
        const { token, session } = await patient(() =>
          api.json<{ token: string; session: Session }>('POST', 'session/login', body),
        )
        store.set({ token })
        return session
      })
    },
    /** Whether an identity is of the same subject as the claims that are kept. */
    same: (claims: string | undefined, identity: string): boolean => subject(claims) === subject(identity.split('.')[1]),
    /**
     * Whether the session goes on, when the login that may be under way is over. If not,
     * what it had not sent, in any tab, becomes the draft.
     */
    ongoing: (stopped: () => boolean): Promise<boolean> =>
      alone(name, async () => {
        let token: string | undefined
        let goesOn = false
        // What another tab has stored may be seen here a moment later only.
        for (let tries = 0; !goesOn && tries < 4 && !stopped(); tries++) {
          if (tries) await new Promise((done) => setTimeout(done, 250 * 2 ** tries))
          store.reread()
          token = store.get().token
          goesOn = await patient(() => api.json('GET', 'session')).then(
            () => true,
            (e: Refused) => e.code !== 'session',
          )
        }
        if (!goesOn && !stopped()) {
          store.reread()
          const { outbox = [], draft, name = '', email = '', token: now } = store.get()
          if (token && now === token) {
            store.clear()
            store.set({ draft: [...outbox.map((i) => i.text), draft].filter(Boolean).join('\n'), form: { name, email } })
          }
        }
        return goesOn
      }),
  }
}
