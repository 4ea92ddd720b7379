import { asCount, asList, asOneOf, asText, checkSmtpUrl, type Setting, startTlsModes } from '../../core/index.ts'

const trueOrFalse = (text: string): boolean => asOneOf(['true', 'false'])(text) === 'true'

/** Of the notifier; not in its folder, whose index loads the mail library. */
export const consumerSettings = {
  smtpUrl: { env: 'SMTP_URL', flag: '--smtp <url>', help: 'mail server of the notifier', parse: checkSmtpUrl },
  smtpPassword: {
    env: 'SMTP_PASSWORD',
    help: 'password for the mail server, in place of one in SMTP_URL, which then has the user name alone',
    parse: asText
  },
  smtpPasswordFile: {
    env: 'SMTP_PASSWORD_FILE',
    help: 'file with the password for the mail server; read again for each new connection',
    parse: asText
  },
  smtpStartTls: {
    env: 'SMTP_STARTTLS',
    help: 'required, opportunistic or never; default: required if there is a password and SMTP_URL names another machine, else opportunistic',
    parse: asOneOf(startTlsModes)
  },
  smtpCa: {
    env: 'SMTP_CA_LOCATION',
    help: 'file with the certificates of the CA of the mail server, as PEM (default: those that Node.js trusts)',
    parse: asText
  },
  deliveriesKeepDays: {
    env: 'DELIVERIES_KEEP_DAYS',
    help: 'days for which the notifier keeps deliveries that were delivered or have failed',
    initial: 60 as number,
    parse: asCount
  },
  webhookKey: {
    env: 'WEBHOOK_KEY',
    help: 'key that the secrets of webhooks are encrypted with in Postgres: 32 random bytes in base64, such as `openssl rand -base64 32` prints; after a comma, keys of before',
    parse: asText
  },
  webhookKeyFile: {
    env: 'WEBHOOK_KEY_FILE',
    help: 'file with the key of WEBHOOK_KEY',
    parse: asText
  },
  webhookNetworks: {
    env: 'WEBHOOK_ALLOWED_NETWORKS',
    help: 'addresses and networks that webhooks may call although they are not public, such as 10.20.0.0/16 (default: none)',
    parse: asList
  },
  webhookHttp: {
    env: 'WEBHOOK_ALLOW_HTTP',
    help: 'whether webhooks may call http:// too: true or false',
    initial: false as boolean,
    parse: trueOrFalse
  },
  webhookCa: {
    env: 'WEBHOOK_CA_LOCATION',
    help: 'file with certificates of CAs of webhook endpoints, as PEM, besides those that Node.js trusts',
    parse: asText
  }
} as const satisfies Record<string, Setting<unknown>>
