import type { Setting } from '../../core/index.ts'

type Settings = Readonly<Record<string, Setting<unknown>>>
type Schema = Readonly<Record<string, unknown>>

/**
 * Settings that are secrets by themselves: the chart takes them from Secrets alone. The certificate of a CA is none, and
 * neither is the path of a file that holds one.
 */
const isSecret = (name: string): boolean =>
  /(PASSWORD|SECRET|PASSPHRASE|TOKEN|API_KEY|(?<!_CA)_PEM|WEBHOOK_KEY)$/.test(name)
/** Settings that the chart gives itself: probes and ports have to agree with them. */
const ofChart: readonly string[] = ['EVENTTRAIL_STATUS_PORT', 'EVENTTRAIL_STATUS_HOST']

/**
 * The part of the chart's values.schema.json that comes from the table of settings: a misspelt setting is refused by
 * `helm install`, and so is a password in a place that anyone who may read the release can see.
 */
export function settingsSchema(settings: Settings): { readonly config: Schema; readonly secretEnv: Schema } {
  const known = Object.values(settings).filter(({ env }) => !ofChart.includes(env))
  const plain = known.filter(({ env }) => !isSecret(env))
  return {
    config: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(plain.map(setting => [setting.env, schemaOf(setting)]))
    },
    secretEnv: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(known.map(({ env }) => [env, { $ref: '#/definitions/secretKey' }]))
    }
  }
}

function schemaOf({ env, help }: Setting<unknown>): Schema {
  const description = isAddress(env) ? `${help}; one with a password belongs into secretEnv` : help
  return {
    description,
    // A number would reach the environment as 6.048e+08: Helm reads it as a float.
    type: 'string',
    ...(isAddress(env) && { not: { pattern: '//[^/@]*:[^/@]*@' } })
  }
}

const isAddress = (env: string): boolean => env.endsWith('_URL')
