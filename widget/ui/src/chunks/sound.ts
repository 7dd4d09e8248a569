/** Two short notes, from nothing but oscillators. */
export default function play(audio: AudioContext): void {
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
