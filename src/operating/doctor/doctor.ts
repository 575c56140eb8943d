import { LmdbDamaged } from '../../embedded/lmdb-file.ts'
import type { JsonObject } from '../../json.ts'
import {
  fail,
  hasDirectory,
  NoneYet,
  warn,
  type Check,
  type Finding,
  type Level,
  type Need,
  type Subject,
} from './check.ts'
import { MACHINE_CHECKS } from './machine-checks.ts'
import { STORE_CHECKS } from './store-checks.ts'

/** In the order in which they are told. */
export const CHECKS: readonly Check[] = [...MACHINE_CHECKS, ...STORE_CHECKS]

export type Told = Finding & { readonly check: string }

/** Each check once; one that throws fails, and stops no other. */
export async function* examine(on: Subject, checks: readonly Check[] = CHECKS): AsyncGenerator<Told> {
  for (const { name, needs, look } of checks) {
    const missing = await firstMissing(on, needs, name)
    const findings = missing === undefined ? await looked(on, name, look) : [missing]
    for (const finding of findings) yield { check: name, ...finding }
  }
}

export const hasFailed = (told: readonly Told[]): boolean => told.some(({ level }) => level === 'fail')

export const toldText = ({ check, level, text, todo }: Told): string =>
  `${LEVELS[level]}  ${check}: ${text}${todo === undefined ? '' : ` → ${todo}`}`

export const toldJson = (told: readonly Told[]): JsonObject => ({
  ok: !hasFailed(told),
  checks: told.map(({ check, level, text, todo }) => ({
    ...{ check, level, text },
    ...(todo === undefined ? {} : { todo }),
  })),
})

const LEVELS: { readonly [level in Level]: string } = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }

const looked = async (on: Subject, name: string, look: Check['look']): Promise<readonly Finding[]> => {
  try {
    return await look(on)
  } catch (error) {
    return [broken(error, name)]
  }
}

/** A fault is told once: by the check of that name; others are not looked at. */
const firstMissing = async (
  on: Subject,
  needs: readonly Need[],
  check: string,
): Promise<Finding | undefined> => {
  for (const need of needs) {
    try {
      if (need === 'configuration') on.config()
      else if (need !== 'directory' || hasDirectory(on)) await on[need]()
    } catch (error) {
      return need === check ? broken(error, check) : warn('not looked at', remedy(error, need))
    }
  }
  return undefined
}

const broken = (error: unknown, check: string): Finding => {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  const shown = line.replace(/:\/\/\S*@/g, '://…@')
  return error instanceof NoneYet
    ? warn(shown, 'start a server: it makes them out of the history')
    : fail(shown, check === 'documents' && error instanceof LmdbDamaged ? MADE_ANEW : PUT_BACK)
}

const MADE_ANEW =
  'start a server: it makes them anew out of the history; if it cannot, remove documents.mdb* before'
const PUT_BACK = 'put it back from a backup, or make it readable'

const remedy = (error: unknown, need: Need): string =>
  error instanceof NoneYet ? 'start a server first' : `mend ${need} first`
