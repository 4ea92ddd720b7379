import { asOneOf, asText, checkSmtpUrl, type Setting, startTlsModes } from '../core/index.ts'

/** Of the notifier; not in its folder, whose index loads the mail library. */
export const consumerSettings = {
  smtpUrl: { env: 'SMTP_URL', flag: '--smtp <url>', help: 'mail server of the notifier', parse: checkSmtpUrl },
  smtpStartTls: {
    env: 'SMTP_STARTTLS',
    help: 'required, opportunistic or never; default: required if SMTP_URL has a password and names another machine, else opportunistic',
    parse: asOneOf(startTlsModes)
  },
  smtpCa: {
    env: 'SMTP_CA_LOCATION',
    help: 'file with the certificates of the CA of the mail server, as PEM (default: those that Node.js trusts)',
    parse: asText
  }
} as const satisfies Record<string, Setting<unknown>>
