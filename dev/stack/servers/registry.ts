import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { jvmFlags } from './java.ts'
import { classArchive, type JavaServerOptions } from './kafka.ts'
import type { RegistryParts } from './parts/index.ts'
import type { ServerPlan } from './server.ts'
import { registryPath } from './settings.ts'

export interface RegistryServerOptions extends JavaServerOptions {
  readonly parts: RegistryParts
  /** Further variables of its environment, such as those of OIDC. */
  readonly registryEnv?: Readonly<Record<string, string>> | undefined
}

/** Apicurio with its schemas in a file, so that they live as long as Kafka's messages that need them. */
export function registryPlan(options: RegistryServerOptions): ServerPlan {
  const { instance, ports, parts, java, compiler, registryEnv } = options
  return {
    program: {
      name: 'registry',
      command: java.command,
      args: [...jvmFlags({ heapMb: 384, compiler, ...classArchive(parts.key, options) }), '-jar', parts.jar],
      cwd: instance.folder,
      env: {
        QUARKUS_HTTP_HOST: '127.0.0.1',
        QUARKUS_HTTP_PORT: String(ports.registry),
        QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
        QUARKUS_BANNER_ENABLED: 'false',
        QUARKUS_LOG_LEVEL: 'WARN',
        APICURIO_LOG_LEVEL: 'WARN',
        // Relative, because a semicolon in a path would end it; no delay, so that a kill loses no schema.
        APICURIO_DATASOURCE_URL: 'jdbc:h2:file:./data/registry/schemas;WRITE_DELAY=0',
        ...registryEnv
      },
      log: instance.log('registry')
    },
    async prepare() {
      mkdirSync(join(instance.data, 'registry'), { recursive: true })
    },
    async probe() {
      const answer = await fetch(`http://127.0.0.1:${ports.registry}${registryPath}/subjects`, {
        signal: AbortSignal.timeout(5_000)
      })
      // One that wants a login answers as well.
      if (answer.status === 401 && registryEnv) return
      if (!answer.ok || !Array.isArray(await answer.json())) throw new Error(`the registry answers ${answer.status}`)
    }
  }
}
