// The sound of an answer, and the button that mutes it.

import type { Kit } from '../app/kit'

const on = 'M11 5 6.5 9H3v6h3.5l4.5 4V5ZM15 9a4 4 0 0 1 0 6M17.8 6.2a8 8 0 0 1 0 11.6'
const off = 'M11 5 6.5 9H3v6h3.5l4.5 4V5ZM21 9.5l-5 5M16 9.5l5 5'

export type Sound = ReturnType<typeof sound>

export default function sound(kit: Kit) {
  const { core, store, h, icon, t } = kit
  let audio: AudioContext | undefined
  const button = h('button.tool', {
    onclick: () => {
      store.act()
      store.set({ muted: !store.get().muted })
      update()
    },
  })

  function update() {
    const { muted } = store.get()
    button.hidden = !core.config.sound
    button.title = muted ? t.unmute : t.mute
    button.setAttribute('aria-label', t.mute)
    button.setAttribute('aria-pressed', String(!!muted))
    button.replaceChildren(icon(muted ? off : on))
  }
  update()

  /** The browser lets a page sound only after a gesture. */
  function gesture() {
    if (!core.config.sound || store.get().muted) return
    try {
      audio ||= new AudioContext()
      void audio.resume()
    } catch {
      // No sound here.
    }
  }
  core.root.addEventListener('pointerup', gesture)
  core.root.addEventListener('keydown', gesture)
  // The click that opened the panel may have brought this chunk.
  if (navigator.userActivation?.isActive) gesture()

  return {
    button,
    update,
    /** Sounds once for a message, in whichever tab asks first. */
    play(seq: number) {
      const tone = audio
      if (!core.config.sound || store.get().muted || tone?.state !== 'running') return
      first(`charla:${core.key}:sound:${seq}`, () => notes(tone))
    },
    stop() {
      core.root.removeEventListener('pointerup', gesture)
      core.root.removeEventListener('keydown', gesture)
      void audio?.close()
    },
  }
}

/** Does something in the first tab that asks for it, and in no other for a while. */
function first(name: string, f: () => void): void {
  const locks = navigator.locks as LockManager | undefined
  if (!locks) return document.hidden ? undefined : f()
  locks
    .request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return
      f()
      return new Promise((done) => setTimeout(done, 3000))
    })
    .catch(() => {})
}

/** Two short notes, from nothing but oscillators. */
function notes(audio: AudioContext): void {
  const start = audio.currentTime + 0.02
  for (const [i, hertz] of [659.25, 880].entries()) {
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    const at = start + i * 0.12
    tone.type = 'sine'
    tone.frequency.value = hertz
    volume.gain.setValueAtTime(0, at)
    volume.gain.linearRampToValueAtTime(0.14, at + 0.015)
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.45)
    tone.connect(volume).connect(audio.destination)
    tone.start(at)
    tone.stop(at + 0.5)
  }
}
