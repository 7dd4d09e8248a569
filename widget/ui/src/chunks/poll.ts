// Long polling, for where streams do not get through.

import type { Client } from '../app/api'
import type { Tell } from '../app/stream'
import type { Closed, Marks, Message } from '../types'

interface Page {
  messages: Message[]
  more?: boolean
  read?: Marks
  typing?: { agent: boolean }
  closed?: Closed
}

/** What a long poll need not tell again. */
export type Known = Marks & { typing: boolean }

/** Waits for what follows a sequence, or for what is not as known, and tells it. */
export async function poll(
  api: Client,
  { after, wait, agent, customer, typing }: Known & { after: number; wait: number },
  tell: Tell,
  signal: AbortSignal,
) {
  const known = `agent=${agent}&customer=${customer}&typing=${typing}`
  const page = await api.json<Page>('GET', `messages?after=${after}&wait=${wait}&${known}`, undefined, { signal, timeout: 40 })
  tell('link', true)
  page.messages.forEach((m) => tell('message', m))
  if (page.read) tell('read', page.read)
  if (page.typing) tell('typing', page.typing.agent)
  tell('closed', page.closed)
  if (!page.more) tell('ready', undefined)
}
