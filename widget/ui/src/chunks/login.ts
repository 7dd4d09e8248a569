// Logging in a session that is there. It is rare, so the app does without until then.

import type { Client, Refused } from '../app/api'
import type { Begun, Entered, Store, Waiting } from '../app/store'

/** Does something while no tab logs in, or none but this one does. */
export type Alone = <T>(mode: LockMode, f: () => Promise<T>) => Promise<T>

/** The subject of a signed identity's claims; the signature is the server's to check. */
function subject(claims = ''): string {
  try {
    return String(JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))).sub)
  } catch {
    return claims
  }
}

/** What concerns logins: of this session, here and in other tabs. */
export function login(store: Store, reread: () => void, api: Client, alone: Alone, end: AbortSignal) {
  /** Makes a request again while it may succeed later. */
  async function patient<T>(request: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await request()
      } catch (e) {
        const { later, after } = e as Refused
        if (!later || end.aborted) throw e
        await new Promise((done) => setTimeout(done, 1000 * Math.max(2 ** Math.min(tries, 4), after)))
      }
    }
  }

  return {
    /**
     * Logs a session in, which gives it another token, unless another tab has done it
     * meanwhile, or it has ended: the next session is another visitor's. Reports whether
     * it did. Where the answer is lost the old token is good for doing it again.
     */
    login: (body: Record<string, unknown>, { token, id }: Entered): Promise<boolean> =>
      alone('exclusive', async () => {
        const stays = () => (reread(), store.session().id === id)
        if (!stays() || store.session().token !== token) return false
        const made = await patient(async () => (stays() ? api.json<Begun>('POST', 'session/login', body) : undefined))
        if (!made || !stays()) return false
        store.enter(made, body)
        return true
      }),
    /** Whether an identity is of the same subject as the claims that are kept. */
    same: (claims: string | undefined, identity: string): boolean => subject(claims) === subject(identity.split('.')[1]),
    /**
     * Whether the session goes on, when the login that may be under way is over; undefined
     * if another one, or none, has been taken up. If not, what it had not sent, in any tab,
     * becomes the draft.
     */
    async ongoing(own: () => Waiting[]): Promise<boolean | undefined> {
      const good = () =>
        patient(() => api.json('GET', 'session')).then(
          () => true,
          (e: Refused) => e.code !== 'session',
        )
      const { token } = store.session()
      if (!token) return
      // What was refused may have had an older token: then a tab that hangs in its login holds nobody up.
      if (await good()) return true
      return alone('shared', async () => {
        const stays = () => (reread(), store.session().token === token)
        // What another tab has stored may be seen here a moment later only.
        for (let tries = 0; tries < 4; tries++) {
          if (tries) await new Promise((done) => setTimeout(done, 250 * 2 ** tries))
          if (end.aborted || !stays()) return
          if (await good()) return true
        }
        if (end.aborted || !stays()) return
        const { name = '', email = '' } = store.session()
        const unsent = new Map([...store.waiting(), ...own()].map((w) => [w.key, w.text]))
        store.clear({ draft: [...unsent.values(), store.get().draft].filter(Boolean).join('\n'), form: { name, email } })
        return false
      })
    },
  }
}
