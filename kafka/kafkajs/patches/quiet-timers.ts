import { createRequire } from 'node:module'

interface SentRequest {
  readonly sentAt: number
  readonly requestTimeout: number
  timeoutRequest(): void
}

interface RequestQueue {
  readonly enforceRequestTimeout: boolean
  /** Of the client; a request may have a longer one of its own. */
  readonly requestTimeout: number
  requestTimeoutIntervalId: NodeJS.Timeout | null
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  pending: unknown[]
  readonly inflight: ReadonlyMap<number, SentRequest>
  isConnected(): boolean
  destroy(): void
  scheduleRequestTimeoutCheck(): void
  scheduleCheckPendingRequests(): void
  checkPendingRequests(): void
}

/** ms between two looks for requests that are late: a thirtieth of their time, from kafkajs's own 100 ms to a second. */
export const lateCheckMs = (requestTimeoutMs: number): number =>
  Math.min(requestTimeoutMs, 1_000, Math.max(100, Math.floor(requestTimeoutMs / 30)))

let quieted = false

/**
 * kafkajs 2.2.4 arms a timer with a negative delay on every connection, for ever (its issue #1751): Node 24
 * warns of it and an idle process pays 3-4 % of a core. This arms it only when something waits. Another one wakes the
 * process ten times a second for each connection, to see which requests are late; once a second is often enough.
 */
export function quietTimers(): void {
  if (quieted) return
  quieted = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    prototype: RequestQueue
  }
  prototype.scheduleRequestTimeoutCheck = function (this: RequestQueue) {
    if (!this.enforceRequestTimeout) return
    this.destroy()
    this.requestTimeoutIntervalId = setInterval(() => {
      const now = Date.now()
      for (const request of this.inflight.values())
        if (now - request.sentAt > request.requestTimeout) request.timeoutRequest()
      if (!this.isConnected()) this.destroy()
    }, lateCheckMs(this.requestTimeout))
  }
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.throttleCheckTimeoutId) return
    const throttledMs = this.throttledUntil - Date.now()
    if (throttledMs <= 0 && this.pending.length === 0) return
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null
        this.checkPendingRequests()
      },
      Math.max(throttledMs, 10)
    )
  }
}
