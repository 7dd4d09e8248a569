// A front end on the console's API: the open tickets of all accounts, live; one conversation,
// and answers to it. The API is described by /desk/api/openapi.json.
'use strict'
const at = id => document.getElementById(id)
const rows = new Map() // the latest ticket of each conversation
let names = new Map() // of the accounts
let chosen // the ref of the ticket whose messages were asked for last
let open // the ref of the ticket whose messages are on the page: answers go there
let key // of the answer that is being written: sent again after a failure, it is stored once

async function call(path, body, headers) {
  const answer = await fetch('/desk/api' + path, body && {
    method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'Charla-Person': (await me).mark, ...headers },
  })
  if (answer.status === 401) location = '/login'
  const value = answer.status === 204 ? null : await answer.json()
  if (answer.ok) return value
  throw new Error(value.problems ? value.problems.map(p => p.text).join(' ') : value.detail)
}

const me = call('/me') // for whom this page is: what it sends is refused if another one has logged in
const ticketPath = ref => `/a/${ref.account}/tickets/${ref.conversation}/${ref.number}`

// when returns the time of a row's last change in an order of text: without the Z a shorter
// fraction of a second is the earlier one.
const when = row => row.changedAt.slice(0, -1)

// keep keeps a row unless a later one of its conversation is there.
function keep(row) {
  const known = rows.get(row.ref.conversation)
  if (!known || when(known) <= when(row)) rows.set(row.ref.conversation, row)
}

// load reads the lists of all accounts. What changes meanwhile, and from then on, comes by
// the stream; what was there before and is in no list is not open any more.
async function load() {
  const before = new Map(rows)
  const accounts = (await call('/accounts')).items
  names = new Map(accounts.map(a => [a.id, a.name]))
  const lists = await Promise.all(accounts.map(a => call(`/a/${a.id}/tickets?status=open&limit=50`)))
  for (const [conversation, row] of before) if (rows.get(conversation) === row) rows.delete(conversation)
  lists.flatMap(list => list.items).forEach(keep)
  at('state').textContent = 'Live'
  draw()
}

function draw() {
  const list = [...rows.values()].filter(r => r.status === 'open').sort((a, b) => when(a) < when(b) ? 1 : -1)
  at('list').replaceChildren(...list.map(row => {
    const button = document.createElement('button')
    button.className = row.unread ? 'unread' : ''
    button.textContent = `${names.get(row.ref.account) ?? ''} · ${row.customer.name ?? 'Anonymous'}: ${row.last.text}`
    button.onclick = () => show(row.ref)
    return button
  }))
}

// show opens a ticket once its messages are there, and says that the last one has been read.
async function show(ref) {
  chosen = ref
  try {
    const { items } = await call(ticketPath(ref) + '/messages?newest=true&limit=100')
    if (chosen !== ref) return
    if (open?.conversation !== ref.conversation) {
      at('reply').reset()
      at('problem').value = ''
      key = undefined
    }
    open = ref
    at('who').textContent = rows.get(ref.conversation)?.customer.name ?? 'Anonymous'
    at('messages').replaceChildren(...items.map(m => {
      const line = document.createElement('p')
      line.className = m.from
      line.textContent = `${m.name ?? m.from}: ${m.text}${m.file ? ` [${m.file.name}]` : ''}`
      return line
    }))
    at('reply').hidden = false
    await call(ticketPath(ref) + '/read', { seq: items.at(-1).seq })
    const row = rows.get(ref.conversation)
    if (row) row.unread = 0
    draw()
  } catch (e) {
    if (chosen === ref) chosen = open // what is on the page stays
    at('problem').value = e.message
  }
}

at('reply').onsubmit = async event => {
  event.preventDefault()
  const form = event.target, ref = open, text = form.text.value
  key ??= crypto.randomUUID()
  at('problem').value = ''
  try {
    await call(ticketPath(ref) + '/reply', { text }, { 'Idempotency-Key': key })
    if (open.conversation !== ref.conversation || form.text.value !== text) return // what was typed meanwhile stays
    form.reset()
    key = undefined
  } catch (e) {
    at('problem').value = e.message // what was typed stays
  }
}
at('reply').oninput = () => { key = undefined } // another text is another answer

const events = new EventSource('/desk/api/events')
events.addEventListener('ready', load)
events.addEventListener('again', load)
events.addEventListener('accounts', () => { if (names.size) load() })
events.addEventListener('ticket', event => {
  const row = JSON.parse(event.data)
  keep(row)
  draw()
  if (chosen?.conversation === row.ref.conversation) show(row.ref)
})
events.addEventListener('out', () => { events.close(); location = '/login' })
events.onerror = () => { at('state').textContent = 'Reconnecting…' }
