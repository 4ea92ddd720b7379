import { OptionsError } from '../../core/index.ts'
import { InboxError } from './errors.ts'
import type { Claim, Inbox, Once, OnceOfBatch, OnceOptions, OncePool, OnceSession } from './types.ts'

type Client = OnceSession | OncePool<OnceSession>

/** What is asked of an inbox under one name, at most once in an attempt. */
function claims(group: string): (ids: readonly string[], options: OnceOptions | undefined) => Claim {
  let taken: Set<string> | undefined
  return (ids, { name = '' } = {}) => {
    if (name !== '' && !/^[\w.-]{1,100}$/.test(name))
      throw new OptionsError('name', '1 to 100 letters, digits, `.`, `_` and `-`', name)
    if (taken?.has(name))
      throw new InboxError(
        'INBOX_NAME_TAKEN',
        'This handler has called `once` already for this event, and the second call would do nothing: give each of the two effects a `name`'
      )
    taken ??= new Set()
    taken.add(name)
    // No group has a `/` in its name.
    return { group: name === '' ? group : `${group}/${name}`, ids }
  }
}

/** `context.once` of one attempt with one event. @param id undefined for a message that cannot be read */
export function onceOf(inbox: Inbox, group: string, id: string | undefined): Once {
  // Made with the first call: most handlers make none.
  let claim: ReturnType<typeof claims> | undefined
  return async (client: Client, effect: (session: never) => unknown, options?: OnceOptions) => {
    if (id === undefined) return noEvent()
    claim ??= claims(group)
    return await inbox.run(client, claim([id], options), (_fresh, session) => effect(session as never))
  }
}

function noEvent(): never {
  throw new InboxError(
    'INBOX_NO_EVENT',
    'The message cannot be read, so that it has no id by which it would be known again'
  )
}

/**
 * `context.once` of one attempt with a batch. An event that is in it twice is new once, and one that has failed is in none.
 * @param hasFailed whether the event, or an earlier one of its aggregate, was marked: it comes again
 */
export function onceOfBatch<Event extends { readonly id: string }>(
  inbox: Inbox,
  group: string,
  events: readonly Event[],
  hasFailed: (event: Event) => boolean = () => false
): OnceOfBatch<Event> {
  const claim = claims(group)
  return async (
    client: Client,
    effect: (fresh: readonly Event[], session: never) => unknown,
    options?: OnceOptions
  ) => {
    const firstAt = new Map(events.map(({ id }, index) => [id, index] as const).reverse())
    const good = events.filter((event, index) => firstAt.get(event.id) === index && !hasFailed(event))
    const ids = good.map(({ id }) => id)
    return await inbox.run(client, claim(ids, options), async (fresh, session) => {
      const given = good.filter(({ id }) => fresh.has(id))
      await effect(given, session as never)
      if (given.some(hasFailed)) throw marked()
    })
  }
}

const marked = (): InboxError =>
  new InboxError(
    'INBOX_EVENT_FAILED',
    'An event was marked by `fail` within the effect of `once`, which is taken back: mark it before, and `once` leaves it out'
  )

/** `context.once` of a batch that has one event, by that of the event. */
export function onceOfOne<Event>(once: Once, event: Event, hasFailed: () => boolean): OnceOfBatch<Event> {
  return async (
    client: Client,
    effect: (fresh: readonly Event[], session: never) => unknown,
    options?: OnceOptions
  ): Promise<boolean> => {
    if (hasFailed()) return false
    const whole = async (session: OnceSession) => {
      await effect([event], session as never)
      if (hasFailed()) throw marked()
    }
    return await once(client as OnceSession, whole, options)
  }
}
