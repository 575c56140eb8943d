import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { env, execPath, stderr } from 'node:process'

/** A process under measurement. */
export type Child = {
  readonly pid: number
  /** The first line of its output that `pick` takes. */
  readonly line: <T>(pick: (line: string) => T | undefined) => Promise<T>
  readonly stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>
}

export const startChild = (script: string, settings: NodeJS.ProcessEnv = {}): Child => {
  const child: ChildProcess = spawn(execPath, [script], {
    env: { ...env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout === null || child.pid === undefined) throw new Error(`${script} did not start`)
  const lines = createInterface({ input: child.stdout })
  const gone = once(child, 'exit')
  return {
    pid: child.pid,
    line: (pick) =>
      new Promise((resolve, reject) => {
        const look = (line: string): void => {
          const picked = pick(line)
          if (picked === undefined) return
          lines.off('line', look)
          resolve(picked)
        }
        lines.on('line', look)
        gone.then(
          () => reject(new Error(`${script} ended`)),
          (error: unknown) => stderr.write(String(error)),
        )
      }),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal)
      await gone
    },
  }
}

/** Seconds of processor time that a process has used so far; Linux counts them in hundredths. */
export const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}
