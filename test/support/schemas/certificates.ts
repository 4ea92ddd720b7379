import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll } from 'vitest'

const run = promisify(execFile)
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** A certificate and its key, as files and as PEM. */
export interface Certificate {
  readonly certificateFile: string
  readonly keyFile: string
  readonly certificate: string
  readonly key: string
}

/** A private CA, made by openssl in a folder that goes with the test file. */
export async function certificateAuthority() {
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-ca-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  await openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.pem')
  let made = 0
  return {
    folder,
    caFile: join(folder, 'ca.pem'),
    ca: readFileSync(join(folder, 'ca.pem'), 'utf8'),
    /** @param days from now on; -1: it expired yesterday */
    issue: async (names = 'DNS:localhost,IP:127.0.0.1', days = 2): Promise<Certificate> => {
      made += 1
      const name = String(made)
      writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`)
      await openssl('req', '-new', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`)
      const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)]
      await openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-extfile', `${name}.ext`, '-out', `${name}.crt`)
      const [certificateFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
      return {
        certificateFile,
        keyFile,
        certificate: readFileSync(certificateFile, 'utf8'),
        key: readFileSync(keyFile, 'utf8')
      }
    }
  }
}
