import { readFileSync } from 'node:fs'
import type { MailerOptions, WebhookDelivery } from '../../consumers/notifier/index.ts'
import { ConfigError, type FileOrText, OptionsError, UsageError } from '../../core/index.ts'
import type { Config, ConfigKey } from '../config.ts'

/** The mail server that is configured; undefined where none is. @throws ConfigError */
export function mailServer(config: Config): Omit<MailerOptions, 'from'> | undefined {
  const url = config.get('smtpUrl')
  if (url === undefined) return undefined
  const [startTls, ca] = [config.get('smtpStartTls'), config.get('smtpCa')]
  const password = textOrFile(config, 'smtpPassword', 'smtpPasswordFile', 'SMTP_PASSWORD')
  return {
    url,
    ...(password !== undefined && { password }),
    ...(startTls !== undefined && { startTls }),
    ...(ca !== undefined && { ca: readText(ca, 'SMTP_CA_LOCATION') })
  }
}

/** The same where it is needed. @throws ConfigError */
export function requireMailServer(config: Config): Omit<MailerOptions, 'from'> {
  const server = mailServer(config)
  if (server !== undefined) return server
  config.require('smtpUrl')
  throw new ConfigError('CONFIG_MISSING', 'SMTP_URL is not set')
}

/** How webhooks are called; undefined where there is no key for their secrets. @throws ConfigError */
export function webhookDelivery(config: Config): WebhookDelivery | undefined {
  const key = textOrFile(config, 'webhookKey', 'webhookKeyFile', 'WEBHOOK_KEY')
  if (key === undefined) return undefined
  const [networks, ca] = [config.get('webhookNetworks'), config.get('webhookCa')]
  return {
    key,
    allowHttp: config.get('webhookHttp'),
    ...(networks !== undefined && { allowedNetworks: networks }),
    ...(ca !== undefined && { ca: readText(ca, 'WEBHOOK_CA_LOCATION') })
  }
}

/** The same where it is needed. @throws ConfigError */
export function requireWebhooks(config: Config): WebhookDelivery {
  const delivery = webhookDelivery(config)
  if (delivery !== undefined) return delivery
  config.require('webhookKey')
  throw new ConfigError('CONFIG_MISSING', 'WEBHOOK_KEY is not set')
}

/** Sender of mails. */
export const fromFlag = ['--from <address>', 'sender of the mails', 'eventtrail <no-reply@localhost>'] as const

/** The error of an option of the parts that are made here, with the name of its flag or variable. @throws UsageError, ConfigError */
export function inFlags(error: unknown): never {
  if (!(error instanceof OptionsError)) throw error
  if (error.option === 'from') throw new UsageError('--from: expected an address, or Name <address>')
  const variable = variables[error.option]
  throw variable === undefined ? error : new ConfigError('CONFIG_INVALID', `${variable}: ${error.message}`)
}

function textOrFile(config: Config, text: ConfigKey, file: ConfigKey, variable: string): FileOrText | undefined {
  const [given, path] = [config.get(text), config.get(file)] as [string | undefined, string | undefined]
  if (given !== undefined && path !== undefined)
    throw new ConfigError('CONFIG_INVALID', `${variable}_FILE and ${variable} are both set: leave one out`)
  return path === undefined ? given : { file: path }
}

function readText(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError('CONFIG_INVALID', `${setting}: the file cannot be read (${code})`)
  }
}

const variables: Readonly<Record<string, string>> = {
  password: 'SMTP_PASSWORD or SMTP_PASSWORD_FILE',
  'webhooks.key': 'WEBHOOK_KEY or WEBHOOK_KEY_FILE',
  'webhooks.allowedNetworks': 'WEBHOOK_ALLOWED_NETWORKS'
}
