import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server'

/** A mail server that counts. */
export interface Inbox {
  /** `smtp://127.0.0.1:port` */
  readonly url: string
  /** Mails that were taken. */
  readonly mails: number
  /** Message-IDs among them: fewer than mails when one came twice. */
  readonly distinct: number
  close(): Promise<void>
}

/** Listens on a free port of 127.0.0.1 and takes every mail; nothing of a mail is kept but its Message-ID. */
export async function openInbox(): Promise<Inbox> {
  const seen = new Set<string>()
  let mails = 0
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onData(stream, _session, taken) {
      readMessageId(stream).then(
        messageId => {
          mails += 1
          if (messageId) seen.add(messageId)
          taken()
        },
        (error: Error) => taken(error)
      )
    }
  })
  // A client that is killed in the middle of a mail is none of the server's errors.
  server.on('error', () => undefined)
  const socket = server.listen(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    url: `smtp://127.0.0.1:${(socket.address() as AddressInfo).port}`,
    get mails() {
      return mails
    },
    get distinct() {
      return seen.size
    },
    close: () => new Promise(resolve => server.close(() => resolve()))
  }
}

async function readMessageId(stream: SMTPServerDataStream): Promise<string | undefined> {
  let head = ''
  for await (const chunk of stream) {
    if (!head.includes('\r\n\r\n')) head += (chunk as Buffer).toString('latin1')
  }
  return messageIdIn(head)
}

/** The Message-ID in the head of a mail; a header may continue in the next line. */
export function messageIdIn(mail: string): string | undefined {
  const [head = ''] = mail.split('\r\n\r\n', 1)
  return /^message-id:\s*(<[^>\s]+>)/im.exec(head.replace(/\r\n[ \t]+/g, ' '))?.[1]
}
