import kafkajsPackage from 'kafkajs/package.json' with { type: 'json' }
import { KafkaError } from '../errors.ts'

/** The one version of kafkajs whose private files were read for the patches. */
const patchedVersion = '2.2.4'

/** @throws KafkaError `CLIENT_UNSUPPORTED` */
export function requirePatchedVersion(found: string = kafkajsPackage.version): void {
  if (found === patchedVersion) return
  throw new KafkaError(
    'CLIENT_UNSUPPORTED',
    `eventtrail works with kafkajs ${patchedVersion} alone and found ${found}: remove the override or the alias that installs another version`
  )
}
