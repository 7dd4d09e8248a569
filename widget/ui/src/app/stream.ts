// What comes from the server: a stream of events, or long polling where streams
// do not get through.

import type { Client } from './api'
import { Refused } from './api'
import { backoff, waiter } from './backoff'
import type { Known } from '../chunks/poll'
import type { Closed, Core, Marks, Message } from '../types'

export interface Events {
  message: Message
  typing: boolean
  read: Marks
  closed?: Closed
  /** Everything stored before has been told. */
  ready: undefined
  /** The session has ended, or a login has replaced its token. */
  end: string
  /** Whether the connection stands. */
  link: boolean
}

export type Tell = <K extends keyof Events>(event: K, data: Events[K]) => unknown

/** Splits a stream of server-sent events; feed it text as it comes. */
export function parser(event: (name: string, data: string) => void) {
  let rest = ''
  let name = ''
  let data: string[] = []
  return (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/)
    rest = lines.pop()!
    for (const line of lines) {
      if (!line) {
        if (data.length) event(name || 'message', data.join('\n'))
        name = ''
        data = []
        continue
      }
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line)!
      if (field === 'event') name = value!
      else if (field === 'data') data.push(value!)
    }
  }
}

/** Follows the session's events after a sequence until stopped. */
export function follow(api: Client, chunk: Core['chunk'], after: () => number, known: () => Known, told: Tell) {
  const pause = waiter()
  let stopped = false
  // What was on its way when it was stopped is nobody's any more.
  const tell: Tell = (event, data) => stopped || told(event, data)
  let tries = 0
  let silent = 0
  let polls = 0
  let until = 1
  let current: AbortController | undefined

  async function stream() {
    const stop = (current = new AbortController())
    let timer = 0
    let ready = false
    let over = ''
    const alive = () => {
      clearTimeout(timer)
      timer = window.setTimeout(() => stop.abort(), ready ? 60_000 : 10_000)
    }
    alive()
    try {
      await api.raw('GET', 'stream?after=' + after(), undefined, { signal: stop.signal, timeout: 0 }, async (res) => {
        if (!/event-stream/.test(res.headers.get('Content-Type') || '') || !res.body) return
        const reader = res.body.getReader()
        const text = new TextDecoder()
        const feed = parser((name, data) => {
          const d = JSON.parse(data)
          if (name === 'ready') {
            ready = true
            tries = silent = polls = 0
            until = 1
            tell('link', true)
            tell('ready', undefined)
          } else if (name === 'typing') tell('typing', !!d.agent)
          else if (name === 'end') over = d.code
          else if (name === 'message' || name === 'read' || name === 'closed') tell(name, d)
        })
        while (!over && !stopped) {
          const { done, value } = await reader.read()
          if (done) break
          feed(text.decode(value, { stream: true }))
          alive()
        }
      })
    } finally {
      clearTimeout(timer)
      stop.abort()
      if (!ready && !stopped) silent++
    }
    if (over === 'session') {
      tell('end', over)
      stopped = true
    }
  }

  async function poll() {
    const { poll } = await chunk<typeof import('../chunks/extras')>('extras')
    current = new AbortController()
    await poll(api, { ...known(), after: after(), wait: tries ? 0 : 25 }, tell, current.signal)
    tries = 0
  }

  async function run() {
    while (!stopped) {
      let asked = 0
      try {
        // Two streams without a word: something between us holds them back.
        if (silent < 2) await stream()
        else {
          await poll()
          // Streams are tried again after one poll, then two, four…
          if (++polls >= until) {
            silent = 1
            polls = 0
            until = Math.min(until * 2, 32)
          }
          await pause.wait(300)
          continue
        }
      } catch (e) {
        if (e instanceof Refused) {
          if (e.code === 'session') return void tell('end', 'session')
          asked = e.after
          if (e.code === 'stream') silent = 2
        }
      }
      if (stopped) return
      if (tries > 0) tell('link', false)
      await pause.wait(backoff(tries++, Math.random(), asked))
    }
  }
  run()

  return {
    wake() {
      tries = 0
      pause.wake()
    },
    polling: () => silent >= 2,
    stop() {
      stopped = true
      current?.abort()
      pause.wake()
    },
  }
}
