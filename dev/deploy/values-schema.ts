import type { Setting } from '../../core/index.ts'
import { settingsSchema } from './settings-schema.ts'

type Schema = Readonly<Record<string, unknown>>

const text: Schema = { type: 'string' }
const filled: Schema = { type: 'string', minLength: 1 }
const yesOrNo: Schema = { type: 'boolean' }
const count: Schema = { type: 'integer', minimum: 0 }
/** What Kubernetes itself checks. */
const anyObject: Schema = { type: 'object' }
const anyList: Schema = { type: 'array', items: anyObject }
const texts: Schema = { type: 'array', items: text }
const labels: Schema = { type: 'object', additionalProperties: text }

const closed = (properties: Schema, required: readonly string[] = []): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length > 0 && { required })
})
const ref = (name: string): Schema => ({ $ref: `#/definitions/${name}` })

/** The keys of a part that runs until it is stopped; `.Values.defaults` has each of them. */
const partKeys: Schema = {
  replicas: count,
  args: texts,
  config: ref('config'),
  secretEnv: ref('secretEnv'),
  secretFiles: ref('secretFiles'),
  extraEnv: anyList,
  // One below 30 s would kill a sink that waits for a server before it could say so.
  terminationGracePeriodSeconds: { type: 'integer', minimum: 30 },
  resources: anyObject,
  podAnnotations: labels,
  podLabels: labels,
  nodeSelector: labels,
  tolerations: anyList,
  affinity: anyObject,
  topologySpreadConstraints: anyList,
  priorityClassName: text,
  volumes: anyList,
  volumeMounts: anyList,
  egress: anyList
}
const image: Schema = { repository: filled, tag: text, digest: text }
const egress = closed({ ports: { type: 'array', minItems: 1, items: { type: 'integer' } }, to: anyList })

/**
 * The values.schema.json of the Helm chart, which `helm lint`, `install` and `upgrade` check.
 * @param settings every setting of the commands, from `cli/config.ts`
 */
export function valuesSchema(settings: Readonly<Record<string, Setting<unknown>>>): Schema {
  const { config, secretEnv } = settingsSchema(settings)
  const part = closed({ ...partKeys, enabled: yesOrNo, image: closed(image), command: texts })
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment:
      'Made from dev/deploy and the settings.ts of each room: UPDATE_DOCS=1 npm test -- --unit test/unit/deploy',
    ...closed({
      // Of a chart that has this one as a part.
      global: anyObject,
      image: closed({ ...image, pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] } }, ['repository']),
      imagePullSecrets: anyList,
      nameOverride: text,
      fullnameOverride: text,
      config: ref('config'),
      secretEnv: ref('secretEnv'),
      secretFiles: ref('secretFiles'),
      extraEnv: anyList,
      defaults: closed(partKeys, Object.keys(partKeys)),
      ...{ sink: part, indexer: part, notifier: part, sealer: part },
      handlers: {
        type: 'object',
        propertyNames: { pattern: '^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$' },
        additionalProperties: { ...part, required: ['image'] }
      },
      migrate: closed({
        enabled: yesOrNo,
        with: { type: 'array', items: { enum: ['indexer', 'notifier'] } },
        schedule: text,
        monthsAhead: { type: 'integer', minimum: 0, maximum: 120 },
        // As --roles takes it.
        roles: { type: 'string', pattern: '^([a-z][a-z0-9_]{0,49})?$' },
        ...{ config: ref('config'), secretEnv: ref('secretEnv'), secretFiles: ref('secretFiles'), extraEnv: anyList },
        activeDeadlineSeconds: count,
        serviceAccountName: text,
        resources: anyObject
      }),
      serviceAccount: closed({ create: yesOrNo, name: text, annotations: labels }),
      podSecurityContext: anyObject,
      securityContext: anyObject,
      status: closed({ port: { type: 'integer', minimum: 1024, maximum: 65_535 } }, ['port']),
      podDisruptionBudget: closed({ enabled: yesOrNo, maxUnavailable: { type: ['integer', 'string'] } }),
      networkPolicy: closed({
        enabled: yesOrNo,
        metricsFrom: anyList,
        egress: closed({ kafka: egress, registry: egress, postgres: egress, smtp: egress, webhooks: egress })
      }),
      monitoring: closed({
        podMonitor: closed({ enabled: yesOrNo, labels, interval: text }),
        prometheusRule: closed({ enabled: yesOrNo, labels }),
        dashboard: closed({ enabled: yesOrNo, labels })
      })
    }),
    definitions: {
      config,
      secretEnv,
      secretFiles: {
        type: 'array',
        items: closed({ secret: filled, path: { type: 'string', pattern: '^/' } }, ['secret', 'path'])
      },
      secretKey: closed({ name: filled, key: filled, optional: yesOrNo }, ['name', 'key'])
    }
  }
}
