/** A class of kafkajs; only its prototype is changed. */
export interface PrivateClass<Instance> {
  readonly prototype: Instance
}

/** What kafkajs does differently than eventtrail needs, and the change that ends it. */
export interface Patch {
  /** What would happen without it, in words for the docs. */
  readonly fixes: string
  /** Numbers of issues in tulios/kafkajs that report it; empty where a search found none. */
  readonly issues: readonly number[]
  /** Changes kafkajs for the whole process. A second call does nothing. */
  apply(): void
}

export function patch(facts: Pick<Patch, 'fixes' | 'issues'>, change: () => void): Patch {
  let applied = false
  return {
    ...facts,
    apply() {
      if (applied) return
      applied = true
      change()
    }
  }
}

/** Puts another function in the place of one. @param make gets the one that was there */
export function replace<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  make: (original: Owner[Name]) => Owner[Name]
): void {
  const original = owner[name]
  if (typeof original !== 'function') throw new TypeError(`this kafkajs has no ${String(name)}`)
  owner[name] = make(original)
}
