import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { MeetingChange } from '../../domain/cc/meeting.ts'
import { METRICS, type Attendee, type MeetingWords, type Plan } from '../../domain/cc/meeting-events.ts'
import type { Answer } from '../../http/protocol.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { fieldErrors, RULES } from './answers.ts'
import { integer, text, time, truthy } from './params.ts'

/** What a request says of a meeting (connectycube 10.1); what it leaves out is not there. `isNew`: some of it must be. */
export const readMeeting = (params: JsonObject, isNew: boolean): Either<Answer, MeetingChange> => {
  const change: { [name: string]: Json } = {}
  const errors: { [field: string]: readonly string[] } = {}
  for (const { field, name, read, isRequired = false } of READERS) {
    const value = params[field]
    if (value === undefined) {
      if (isNew && isRequired) errors[field] = [RULES.blank]
      continue
    }
    const known = read(value)
    if ('broken' in known) errors[field] = [known.broken]
    else change[name] = known.value
  }
  return Object.keys(errors).length > 0 ? E.left(fieldErrors(errors)) : E.right(change)
}

/** The fields that a request may have. */
export const meetingFields = (): readonly string[] => READERS.map(({ field }) => field)

type Read = { readonly value: Json } | { readonly broken: string }
type Reader = {
  readonly field: string
  readonly name: keyof Plan | keyof MeetingWords
  readonly read: (value: Json) => Read
  readonly isRequired?: true
}

const NAME_CHARACTERS_MAX = 255
const EMAIL_CHARACTERS_MAX = 254
const ATTENDEES_MAX = 1_000
const OFFSET_MAX = 24 * 60
const BROKEN: Read = { broken: RULES.invalid }

const name = (value: Json): Read => {
  const known = text(value)?.trim() ?? ''
  if (known === '') return { broken: RULES.blank }
  return known.length > NAME_CHARACTERS_MAX
    ? { broken: RULES.tooLong(NAME_CHARACTERS_MAX) }
    : { value: known }
}

const moment = (value: Json): Read => {
  const at = time(value)
  if (at === undefined) return { broken: RULES.blank }
  return at === 'invalid' ? BROKEN : { value: at }
}

const flag = (value: Json): Read => ({ value: truthy(value) })

/** Each has an id, an address, or both (connectycube 10.1). */
const attendees = (value: Json): Read => {
  const entries = isObject(value) ? Object.values(value) : value
  if (!isList(entries) || entries.length > ATTENDEES_MAX) return BROKEN
  const known = entries.flatMap((entry) => attendee(entry) ?? [])
  return known.length === entries.length ? { value: known } : BROKEN
}

const attendee = (entry: Json): (Attendee & JsonObject) | undefined => {
  if (!isObject(entry)) return undefined
  const id = given(entry['id'], idIn)
  const email = given(entry['email'], emailIn)
  if (id === 'broken' || email === 'broken' || (id ?? email) === undefined) return undefined
  return { ...(id === undefined ? {} : { id }), ...(email === undefined ? {} : { email }) }
}

const given = <A>(value: Json | undefined, read: (value: Json) => A | undefined): A | 'broken' | undefined =>
  value === undefined || value === null ? undefined : (read(value) ?? 'broken')

const idIn = (value: Json): number | undefined => {
  const id = integer(value)
  return id !== undefined && id > 0 ? id : undefined
}

const emailIn = (value: Json): string | undefined => {
  const email = text(value)?.trim() ?? ''
  return email.length <= EMAIL_CHARACTERS_MAX && /^[^\s@]+@[^\s@]+$/.test(email) ? email : undefined
}

const notifyBefore = (value: Json): Read => {
  if (value === null) return { value }
  const metric = isObject(value) ? text(value['metric']) : undefined
  const number = isObject(value) ? integer(value['value']) : undefined
  if (metric === undefined || number === undefined) return BROKEN
  const most = new Map<string, number>(Object.entries(METRICS)).get(metric)
  const isFit = most !== undefined && number <= most && number >= (metric === 'minutes' ? 0 : 1)
  return isFit ? { value: { metric, value: number } } : BROKEN
}

const timezone = (value: Json): Read => {
  if (value === null) return { value }
  const offset = isObject(value) ? integer(value['offset']) : undefined
  const zone = isObject(value) ? text(value['name']) : undefined
  const isFit =
    offset !== undefined &&
    Math.abs(offset) <= OFFSET_MAX &&
    zone !== undefined &&
    zone.length <= NAME_CHARACTERS_MAX
  return isFit ? { value: { offset, name: zone } } : BROKEN
}

const READERS: readonly Reader[] = [
  { field: 'name', name: 'name', read: name, isRequired: true },
  { field: 'start_date', name: 'start', read: moment, isRequired: true },
  { field: 'end_date', name: 'end', read: moment, isRequired: true },
  { field: 'attendees', name: 'attendees', read: attendees },
  { field: 'record', name: 'record', read: flag },
  { field: 'public', name: 'public', read: flag },
  { field: 'scheduled', name: 'scheduled', read: flag },
  { field: 'notify', name: 'notify', read: flag },
  { field: 'notify_before', name: 'notifyBefore', read: notifyBefore },
  { field: 'timezone', name: 'timezone', read: timezone },
]
