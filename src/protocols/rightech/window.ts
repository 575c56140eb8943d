/**
 * A bound of a time window in milliseconds (rightech 2.4): digits alone, or ISO 8601 with minutes at least, or a date alone. No zone
 * means UTC; the `+` of an offset may have become a space on its way. `undefined`: it is none of these.
 */
export const readTime = (text: string): number | undefined => {
  if (/^\d+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
  const [, date, time = '00:00', zone = 'Z'] = ISO.exec(text) ?? []
  return date === undefined || !isDate(date)
    ? undefined
    : Date.parse(`${date}T${time}${zone.replace(' ', '+')}`)
}

const HOUR = '(?:[01]\\d|2[0-3]):[0-5]\\d'
const ISO = new RegExp(
  `^(\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01]))(?:T(${HOUR}(?::[0-5]\\d(?:\\.\\d{3})?)?)(Z|[+\\- ]${HOUR})?)?$`,
)

/** `Date` takes 30 February for 2 March. */
const isDate = (date: string): boolean => new Date(`${date}T00:00Z`).toISOString().startsWith(date)
