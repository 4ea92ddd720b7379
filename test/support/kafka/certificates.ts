import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A certificate with its key, as PEM and in files. */
export interface Issued {
  readonly certificate: string
  readonly key: string
  readonly certificateFile: string
  readonly keyFile: string
}

export interface IssueOptions {
  /** Common name; the user name of a client. */
  readonly name: string
  /** As openssl writes them. Default: `IP:127.0.0.1,DNS:localhost`. */
  readonly names?: string
  /** Default 30; -1 has expired. */
  readonly days?: number
  /** Encrypts the key. */
  readonly passphrase?: string
}

/** A certificate authority of a test, made by openssl. */
export class TestAuthority {
  readonly folder: string
  readonly #id: string
  #count = 0

  private constructor(folder: string, id: string) {
    this.folder = folder
    this.#id = id
  }

  /** @param folder is made when it is left out, and is gone after `remove` */
  static async create(id = 'ca', folder = mkdtempSync(join(tmpdir(), 'eventtrail-ca-'))): Promise<TestAuthority> {
    const authority = new TestAuthority(folder, id)
    await authority.#openssl(
      'req',
      '-x509',
      ...newKey(`${id}.key`),
      '-out',
      `${id}.pem`,
      '-days',
      '30',
      '-subj',
      `/CN=${id}`
    )
    return authority
  }

  /** The certificate of the authority, PEM. */
  get pem(): string {
    return readFileSync(this.file, 'utf8')
  }

  get file(): string {
    return join(this.folder, `${this.#id}.pem`)
  }

  async issue({ name, names = 'IP:127.0.0.1,DNS:localhost', days = 30, passphrase }: IssueOptions): Promise<Issued> {
    this.#count += 1
    const base = `${this.#id}-${this.#count}`
    const request = ['-out', `${base}.csr`, '-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`]
    await this.#openssl('req', ...newKey(`${base}.key`, passphrase), ...request)
    const signing = [
      '-CA',
      `${this.#id}.pem`,
      '-CAkey',
      `${this.#id}.key`,
      '-CAcreateserial',
      '-copy_extensions',
      'copy'
    ]
    await this.#openssl('x509', '-req', '-in', `${base}.csr`, ...signing, '-days', `${days}`, '-out', `${base}.pem`)
    const [certificateFile, keyFile] = [join(this.folder, `${base}.pem`), join(this.folder, `${base}.key`)]
    return {
      certificate: readFileSync(certificateFile, 'utf8'),
      key: readFileSync(keyFile, 'utf8'),
      certificateFile,
      keyFile
    }
  }

  /** A file that a broker takes as its key store: the key, the certificate and the authority. */
  keystore({ key, certificate }: Issued, name = 'broker'): string {
    const file = join(this.folder, `${name}.keystore.pem`)
    writeFileSync(file, `${key}${certificate}${this.pem}`)
    return file
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #openssl(...args: string[]): Promise<void> {
    await run('openssl', args, { cwd: this.folder })
  }
}

const newKey = (file: string, passphrase?: string): string[] => [
  ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', file],
  ...(passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`])
]
