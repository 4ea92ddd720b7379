/** Who waits for a signal: one listener for all of them. */
interface Waiting {
  readonly works: Set<() => void>
  readonly listener: () => void
}

const waiting = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls `work` once when the signal aborts, at once when it has. However many wait for one signal, it has a single
 * listener: each listener that is added or removed walks all the others, which for thousands of them takes seconds.
 * @returns what calls it off
 */
export function onAbort(signal: AbortSignal, work: () => void): () => void {
  if (signal.aborted) {
    work()
    return () => undefined
  }
  const { works, listener } = waiting.get(signal) ?? listen(signal)
  // A function of its own for each call: the same work may be asked for twice.
  const each = () => work()
  works.add(each)
  return () => {
    if (!works.delete(each) || works.size > 0) return
    waiting.delete(signal)
    signal.removeEventListener('abort', listener)
  }
}

function listen(signal: AbortSignal): Waiting {
  const works = new Set<() => void>()
  const listener = () => {
    waiting.delete(signal)
    for (const each of works) each()
  }
  const made = { works, listener }
  waiting.set(signal, made)
  signal.addEventListener('abort', listener, { once: true })
  return made
}
