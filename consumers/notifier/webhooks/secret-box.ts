import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { NotifierError } from '../errors.ts'

const algorithm = 'aes-256-gcm'
const version = 1
/** Bytes: version, name of the key, nonce, tag. */
const sizes = { version: 1, name: 4, nonce: 12, tag: 16 }
const headBytes = sizes.version + sizes.name + sizes.nonce + sizes.tag

/** Reads keys: 32 bytes in base64 each, separated by commas. @throws Error in words that repeat nothing of them */
export function keysOf(text: string): readonly Buffer[] {
  const keys = text.split(',').map(each => Buffer.from(each.trim(), 'base64'))
  if (keys.some(key => key.length !== 32))
    throw new Error('expected 32 random bytes in base64, such as `openssl rand -base64 32` prints')
  return keys
}

/**
 * Seals the secrets of endpoints, which have to be read again to sign with them. AES-256-GCM; what a secret belongs to is
 * part of what is authenticated, so that none can be put into another's place.
 */
export class SecretBox {
  readonly #keys: readonly Buffer[]

  /** @param keys the first one seals, all of them open: so a key is replaced */
  constructor(keys: readonly Buffer[]) {
    this.#keys = keys
  }

  seal(secret: string, owner: string): Buffer {
    const key = this.#keys[0] as Buffer
    const nonce = randomBytes(sizes.nonce)
    const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(owner))
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
    return Buffer.concat([Buffer.from([version]), nameOf(key), nonce, cipher.getAuthTag(), sealed])
  }

  /** @throws NotifierError `SECRET_UNREADABLE` */
  open(sealed: Buffer, owner: string): string {
    const name = sealed.subarray(sizes.version, sizes.version + sizes.name)
    const nonceAt = sizes.version + sizes.name
    const nonce = sealed.subarray(nonceAt, nonceAt + sizes.nonce)
    const tag = sealed.subarray(nonceAt + sizes.nonce, headBytes)
    const key = this.#keys.find(each => nameOf(each).equals(name))
    if (sealed[0] !== version || key === undefined) throw unreadable('it was sealed with another key')
    try {
      const decipher = createDecipheriv(algorithm, key, nonce).setAAD(Buffer.from(owner)).setAuthTag(tag)
      return Buffer.concat([decipher.update(sealed.subarray(headBytes)), decipher.final()]).toString('utf8')
    } catch {
      throw unreadable('it was changed')
    }
  }
}

const nameOf = (key: Buffer): Buffer => createHash('sha256').update(key).digest().subarray(0, sizes.name)

const unreadable = (why: string): NotifierError =>
  new NotifierError(
    'SECRET_UNREADABLE',
    `The secret of an endpoint cannot be read: ${why}. WEBHOOK_KEY has to have the key of the time when it was added`
  )
