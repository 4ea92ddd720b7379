import type { Command } from 'commander'
import {
  createMailer,
  directoryOn,
  mailOf,
  messageIdOf,
  NotifierError,
  outcomeOf,
  type Subscription,
  secretBox,
  signedHeaders,
  signingKeys,
  subscriptionNamed,
  WebhookSender
} from '../../consumers/notifier/index.ts'
import { printable, printableJson, UsageError } from '../../core/index.ts'
import type { Database } from '../../postgres/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag } from '../command.ts'
import { onNotifierTables } from './database.ts'
import { fromFlag, inFlags, requireMailServer, requireWebhooks } from './settings.ts'

interface TestFlags {
  readonly from: string
  readonly json?: boolean
}

const eventName = 'eventtrail.test'

/** `eventtrail subscriptions test`. */
export function testCommand(subscriptions: Command, host: CommandHost): void {
  host
    .connect(subscriptions.command('test'), 'databaseUrl', 'smtpUrl')
    .description(`send one webhook or mail about an event ${eventName}; exits 1 when it is refused`)
    .argument('<name>', 'name of the subscription')
    .option(...fromFlag)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nThis command sends it, with its own SMTP_URL or WEBHOOK_KEY and from its own machine; a notifier does not have to run.'
    )
    .action(host.action((context, name: string, flags: TestFlags) => test(context, name, flags)))
}

/** @throws UsageError; NotifierError `SUBSCRIPTION_UNKNOWN` */
export async function webhookNamed(
  database: Database,
  name: string
): Promise<Subscription & { readonly target: string }> {
  const found = await subscriptionNamed(database, name)
  if (found.channel !== 'webhook' || found.target === null) throw new UsageError(`${name} is no webhook`)
  return { ...found, target: found.target }
}

/** What is sent, and to whom, once it is known. */
type Call = () => Promise<{ readonly ok: boolean; readonly words: string }>

async function test(context: CommandContext, name: string, { from, json }: TestFlags): Promise<ExitCode> {
  const call = await onNotifierTables(context, async database => {
    const found = await subscriptionNamed(database, name)
    const { target } = found
    if (target === null)
      throw new UsageError(
        `The mails of ${name} go to the recipients that events name: add a subscription with --email to test the mail server`
      )
    return found.channel === 'webhook'
      ? webhookCall(context, { ...found, target }, database)
      : mailCall(context, { ...found, target }, database, from)
  })
  const began = performance.now()
  try {
    const { ok, words } = await call()
    const tookMs = Math.round(performance.now() - began)
    context.out(
      json
        ? printableJson({ name, delivered: ok, answer: words, tookMs })
        : `${ok ? 'delivered' : 'refused'}: ${words}, ${tookMs} ms`
    )
    return ok ? exitCodes.ok : exitCodes.notOk
  } catch (error) {
    if (!(error instanceof NotifierError)) throw error
    const { code, message } = error
    context.out(
      json ? printableJson({ name, delivered: false, code, answer: message }) : `${code}: ${printable(message)}`
    )
    return exitCodes.notOk
  }
}

type Tested = Pick<Subscription, 'id'> & { readonly target: string }

async function webhookCall(
  { config, signal }: CommandContext,
  { id: subscriptionId, target }: Tested,
  database: Database
): Promise<Call> {
  const delivery = requireWebhooks(config)
  const keys = await signingKeys(database, subscriptionId, secretBox(delivery.key))
  return async () => {
    const id = crypto.randomUUID()
    const at = new Date()
    const body = JSON.stringify({ type: eventName, timestamp: at.toISOString(), id, data: {} })
    const headers = signedHeaders({ id, timestamp: Math.floor(at.getTime() / 1_000), body }, keys)
    const answer = await new WebhookSender(delivery).post(target, headers, body, signal)
    return { ok: outcomeOf(answer).kind === 'delivered', words: `status ${answer.status}` }
  }
}

async function mailCall(
  { config, signal }: CommandContext,
  { id: subscriptionId, target }: Tested,
  database: Database,
  from: string
): Promise<Call> {
  const server = requireMailServer(config)
  const to = await directoryOn(database).find(target)
  if (to === undefined) throw new UsageError('The table recipients no longer has the recipient of this subscription')
  return async () => {
    if (to.wantsMail === false) return { ok: false, words: 'the recipient wants no mail (wants_mail is false)' }
    const mailer = await createMailer({ ...server, from }).catch(inFlags)
    try {
      const messageId = messageIdOf(crypto.randomUUID(), subscriptionId)
      const said = mailOf(eventName, ['This mail was sent by hand, to test a subscription. It is about no event.'])
      await mailer.send({ to, messageId, ...said }, signal)
      return { ok: true, words: 'the mail server took the mail' }
    } finally {
      mailer.close()
    }
  }
}
