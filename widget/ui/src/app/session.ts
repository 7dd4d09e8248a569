// Who the visitor is to the server: how a session begins, is logged in and ends, here
// and in the other tabs.

import type { Client } from './api'
import { Refused } from './api'
import type { Begun, Store, Waiting } from './store'
import { alone } from './tabs'
import type { login as Login } from '../chunks/login'
import type { Core, Session } from '../types'

export interface Holder {
  /** A session has been made here, which has no conversation yet. */
  begun(session: Session): void
  /** The session that is kept is another, has another token, or is none. */
  changed(): void
  /** The session is over; what was not sent is in the draft. */
  lost(): void
  /** What waits in this tab. */
  waiting(): Waiting[]
}

export type Sessions = ReturnType<typeof sessions>

export function sessions(core: Core, store: Store, api: Client, name: string, on: Holder) {
  let identity = ''
  let admitting: Promise<boolean> | undefined
  let logouts = 0

  const signing = async () =>
    (await core.chunk<{ login: typeof Login }>('extras')).login(store, reread, api, (mode, f) => alone(name + ':login', f, mode), core.signal)
  const token = () => store.session().token
  const complain = (e: Refused) => core.emit('error', { code: e.code, message: e.message })

  /** Follows another tab that has changed the session, at once: nothing of one session happens in another. */
  function reread() {
    const before = token()
    store.reread()
    if (token() !== before) on.changed()
  }
  addEventListener('storage', (e) => e.key === store.name && reread(), { signal: core.signal })

  /** Starts a session, or logs the one there is in. */
  async function enter(body: Record<string, unknown>): Promise<void> {
    const before = store.session()
    const n = logouts
    if (token() && (body.identity || body.login)) {
      if (await (await signing()).login(body, before)) on.changed()
      return
    }
    const made = await api.json<Begun>('POST', 'sessions', { ...body, locale: core.config.speaks })
    reread()
    // Where this tab hung meanwhile, another one has begun: two sessions would be two customers.
    // A logout meanwhile stays one.
    if (store.session().id !== before.id || n !== logouts) return
    store.act()
    store.set({ form: undefined })
    store.enter(made, body)
    if (made.session.level === 'verified') on.changed()
    else on.begun(made.session)
    // The host may have said meanwhile who it is.
    if (identity && identity !== body.identity) void identify(identity)
  }

  async function begin(): Promise<boolean> {
    reread()
    if (token()) return true
    const jwt = identity
    try {
      if (jwt) {
        await enter({ identity })
        return true
      }
    } catch (e) {
      // The host's word is not good: the visitor is asked like any other.
      if (!(e instanceof Refused) || e.status !== 422) throw e
      complain(e)
      if (identity !== jwt) return begin()
      identity = ''
    }
    if (!free()) return false
    await enter({ anonymous: true })
    return true
  }

  /** Whether nothing has to be asked before one writes (R7.3). */
  function free(): boolean {
    const { entry } = core.config
    return !!identity || (entry.anonymous && !entry.rut && !entry.email)
  }

  async function logout() {
    const bye = token() && api.json('DELETE', 'session').catch(() => {})
    identity = ''
    logouts++
    store.clear()
    on.changed()
    await bye
  }

  async function identify(jwt: string) {
    identity = jwt
    const { subject, id } = store.session()
    // Meanwhile somebody may log out, or the host says something else.
    const stays = () => identity === jwt && store.session().id === id
    if (!token()) return
    const { same } = await signing()
    if (!stays() || same(subject, jwt)) return
    if (subject) {
      void logout()
      identity = jwt
    } else {
      await enter({ identity }).catch(complain)
      // Another login may have come first.
      if (stays() && store.session().subject) await identify(jwt)
    }
  }

  return {
    enter,
    free,
    logout,
    identified: () => !!identity,
    /** Starts a session if it can be done without asking the visitor; false: it cannot. */
    admit: () =>
      token() ? Promise.resolve(true) : (admitting ||= alone(name, begin).finally(() => (admitting = undefined))),
    identify,
    /** A token was refused: a login, here or in another tab, has replaced it, or the session is lost. */
    async check() {
      const goesOn = await (await signing()).ongoing(on.waiting)
      if (core.signal.aborted || goesOn === undefined) return
      if (!goesOn) {
        core.emit('error', { code: 'session', message: '' })
        on.lost()
      }
      on.changed()
    },
  }
}
