import { ConfigError } from '../../core/index.ts'

// Optional peers: what neither archives nor exports Parquet needs none of them.

/** @throws ConfigError `CONFIG_MISSING` where hyparquet-writer is not installed */
export async function loadWriter(): Promise<typeof import('hyparquet-writer')> {
  try {
    return await import('hyparquet-writer')
  } catch (cause) {
    throw missing(cause)
  }
}

/** @throws ConfigError `CONFIG_MISSING` where hyparquet is not installed */
export async function loadReader(): Promise<typeof import('hyparquet')> {
  try {
    return await import('hyparquet')
  } catch (cause) {
    throw missing(cause)
  }
}

const missing = (cause: unknown): ConfigError =>
  new ConfigError(
    'CONFIG_MISSING',
    'Parquet is written by hyparquet-writer and read by hyparquet, which are not installed: run `npm install hyparquet-writer hyparquet`',
    cause
  )
