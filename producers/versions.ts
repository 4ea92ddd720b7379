import { OptionsError, type Rule, rule } from '../core/index.ts'
import type { Catalogue } from '../schemas/index.ts'

/** The rule of the option `versions`; {@link checkVersions} looks at what is in it. */
export const versionsRule: Rule = rule.such(
  value => typeof value === 'object' && value !== null,
  'an object of versions by event name'
)

/** @throws OptionsError */
export function checkVersions(versions: Readonly<Record<string, number | undefined>>, catalogue: Catalogue): void {
  for (const [name, version] of Object.entries(versions)) {
    const known = catalogue.eventNames.includes(name) ? catalogue.versions(name).length : 0
    if (known === 0) throw new OptionsError('versions', `about events of the catalogue`, name)
    if (version !== undefined && !(Number.isInteger(version) && version >= 1 && version <= known))
      throw new OptionsError(`versions['${name}']`, `a version from 1 to ${known}`, version)
  }
}
