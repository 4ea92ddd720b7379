import { checkSmtpUrl, type Setting } from '../core/index.ts'

/** Of the notifier; not in its folder, whose index loads the mail library. */
export const consumerSettings = {
  smtpUrl: { env: 'SMTP_URL', flag: '--smtp <url>', help: 'mail server of the notifier', parse: checkSmtpUrl }
} as const satisfies Record<string, Setting<unknown>>
