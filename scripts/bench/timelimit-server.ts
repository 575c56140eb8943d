import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChild } from './children.ts'
import type { Floor } from './server.ts'

/** A node on embedded stores, whatever the environment names for the comparison with them. Answers when it is ready. */
export const startTimelimit = async (directory: string, mailUrl: string): Promise<Floor> => {
  const child = startChild(fileURLToPath(new URL('./main.js', import.meta.url)), {
    PORT: '0',
    PROTOCOLS: 'timelimit',
    MAIL_URL: mailUrl,
    DATA_DIR: directory,
    EVENTSTORE_URL: '',
    MONGODB_URL: '',
  })
  const url = await child.line((line) => /"url":"([^"]+)"/.exec(line)?.[1])
  while ((await fetch(`${url}/ready`)).status !== 200) await pause(10)
  return { child, url }
}

/** Appends that found another revision than they expected, since the start. */
export const failedAppends = async (url: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text()
  const name = 'headwater_history_appends_failed_total'
  return Number(new RegExp(`^${name}\\{[^}]*WrongRevision[^}]*\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0)
}
