// Runs next to an instance that must not outlive its owner: node watchdog.ts <id>, the owner holds the other
// end of stdin. When the owner ends in whatever way, SIGKILL too, stdin ends, and this ends the instance.
import { Instance } from './instance.ts'

let dismissed = false
process.stdin.on('data', () => {
  dismissed = true
  process.stdin.destroy()
})
process.stdin.on('close', async () => {
  const instance = dismissed ? undefined : Instance.open(process.argv[2] ?? '')
  if (!instance) return
  await instance.endProcesses()
  instance.remove({ keepLogs: true })
})
