/** Points in time of connectycube 2.2 and 2.8. All are UTC; milliseconds since the Unix epoch inside. */

export const seconds = (ms: number): number => Math.floor(ms / 1_000)

/** `2026-01-31T12:00:00Z` */
export const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, -5)}Z`

/** `2026-01-31 12:00:00 UTC` */
export const utcText = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, -5).replace('T', ' ')} UTC`

/** What a text or a number says; `undefined` if it says none. */
export const pointInTime = (value: string | number): number | undefined => {
  const text = String(value).trim()
  const ms = /^-?\d{1,16}(?:\.\d{1,9})?$/.test(text)
    ? fromNumber(Number(text))
    : (fromIso(text) ?? fromDate(text))
  return ms !== undefined && Math.abs(ms) <= MS_MAX ? ms : undefined
}

const SECOND_MS = 1_000
/** From here on a number means milliseconds. */
const MILLISECONDS_FROM = 1e12
/** What a four-digit year can say. */
const MS_MAX = Date.UTC(10_000, 0, 1) - 1

const fromNumber = (number: number): number =>
  Math.trunc(Math.abs(number) >= MILLISECONDS_FROM ? number : number * SECOND_MS)

/** A plus sign that nobody escaped arrives as a blank. */
const ISO =
  /^(\d{4})[-.](\d{2})[-.](\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+ -]\d{2}(?::?\d{2})?)?)?$/i

/** ISO 8601, `yyyy-mm-dd` and `yyyy.mm.dd`. */
const fromIso = (text: string): number | undefined => {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = '0', zone = 'Z'] = match
  const parts = [year, month, day, hour, minute, second].map(Number)
  return inZone(parts, Math.trunc(Number(`0.${fraction}`) * SECOND_MS), zone)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DATE =
  /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT([+ -]\d{4})(?: \([^()]*\))?$/

/** The text of a `Date` in JavaScript. */
const fromDate = (text: string): number | undefined => {
  const match = DATE.exec(text)
  if (match === null) return undefined
  const [, name = '', day, year, hour, minute, second, zone = ''] = match
  return inZone([year, MONTHS.indexOf(name) + 1, day, hour, minute, second].map(Number), 0, zone)
}

/** `undefined` for a day or an hour that there is not. */
const inZone = (parts: readonly number[], ms: number, zone: string): number | undefined => {
  const [year, month, day, hour, minute, second] = parts.map((part) => String(part).padStart(2, '0'))
  const written = `${String(year).padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}.${String(ms).padStart(3, '0')}Z`
  const at = Date.parse(written)
  // Days that a month has not got are counted into the next one.
  return Number.isNaN(at) || new Date(at).toISOString() !== written
    ? undefined
    : at - offsetMinutes(zone) * 60 * SECOND_MS
}

const offsetMinutes = (zone: string): number => {
  const [, sign, hours, minutes] = /^([+ -])(\d{2}):?(\d{2})?$/.exec(zone) ?? []
  const size = Number(hours ?? 0) * 60 + Number(minutes ?? 0)
  return sign === '-' ? -size : size
}
