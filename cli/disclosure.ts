import type { Command } from 'commander'
import { ConfigError } from '../core/index.ts'
import {
  type Disclosure,
  disclose,
  type EndedDisclosure,
  type Ending,
  type Statement,
  shellOperator
} from '../operations/index.ts'
import { type DatabaseAddress, openPool, type Pool } from '../postgres/index.ts'
import type { CommandContext, CommandHost } from './command.ts'
import type { Config, ConfigKey } from './config.ts'
import { databaseOf } from './connection.ts'
import { signerOf } from './proof-key.ts'

/** What a command shows, and on whose behalf it asks. */
export interface Shown {
  /** As the command is called. */
  readonly tool: string
  /** What was asked for. */
  readonly request: Readonly<Record<string, unknown>>
}

/** Adds the flags of settings and those of {@link statementOf}: for commands that print content. */
export const connectDisclosing = (host: CommandHost, command: Command, ...keys: ConfigKey[]): Command =>
  host.connect(command, ...keys, 'disclosureParty', 'disclosurePurpose', 'disclosureBasis', 'proofKeyFile')

/** Who receives content, and why: asked for before a command does anything. @throws ConfigError `CONFIG_MISSING` */
export const statementOf = (config: Config): Statement => ({
  party: config.require('disclosureParty'),
  purpose: config.require('disclosurePurpose'),
  basis: config.get('disclosureBasis')
})

/**
 * Lets a command print content, once that it does so is recorded.
 * @param give counts each record and prints it. It answers how that ended; by default, in full
 * @throws ConfigError `CONFIG_MISSING`; and as {@link disclose}
 */
export const disclosed = (
  { config }: CommandContext,
  pool: Pool,
  { tool, request }: Shown,
  give: (disclosure: Disclosure) => Promise<Ending | undefined>
): Promise<EndedDisclosure> =>
  disclose(
    pool,
    shellOperator(),
    { ...statementOf(config), tool, request },
    async disclosure => {
      const ending = await give(disclosure)
      return ending ?? { complete: true }
    },
    signerOf(config)
  )

/** Runs `work` on a pool for recording, for commands that print content of another store. @throws ConfigError */
export async function onDisclosures<T>(config: Config, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool(addressOf(config), { applicationName: 'eventtrail-disclosures', max: 1 })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}

function addressOf(config: Config): DatabaseAddress {
  if (config.get('databaseUrl') === undefined)
    throw new ConfigError(
      'CONFIG_MISSING',
      'DATABASE_URL is not set: what this command prints is content, and who receives it is recorded in the database of the trail first. Set it in the environment, give --database or put "databaseUrl" into the config file.'
    )
  return databaseOf(config)
}
