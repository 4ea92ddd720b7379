import requestQueueModule from 'kafkajs/src/network/requestQueue/index.js'
import { type Patch, type PrivateClass, patch } from './patch.ts'

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

export const quietTimers: Patch = patch(
  {
    fixes:
      'kafkajs arms a timer with a negative delay on every connection, again and again: Node 24 warns of it, and an idle process spends 3 to 4 % of a core on it. Another timer wakes the process ten times a second for each connection, to see which requests are late; once a second is often enough.',
    issues: [1704, 1751]
  },
  () => {
    const { prototype } = requestQueueModule as PrivateClass<RequestQueue>
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
    // Armed only when something waits.
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
)
