import type { Versioned } from '../documents/port.ts'
import { equalJson, isObject, type Json, type JsonObject } from '../json.ts'
import type { Difference } from './replay-compare.ts'
import type { Replayed } from './replay.ts'

/** One line that says where, and one for each field; values are cut after so many characters. */
export const differenceText = (difference: Difference): string => {
  const { collection, id, kind, replayed, serving, isLater } = difference
  const places = [
    ...(replayed === undefined ? [] : [`replayed at ${replayed.at}`]),
    ...(serving === undefined ? [] : [`serving at ${serving.at}${isLater ? ', later' : ''}`]),
  ]
  return [`${collection} ${id}: ${kind} (${places.join('; ')})`, ...valueLines(replayed, serving)].join('\n')
}

/** The same with whole values. */
export const differenceJson = (difference: Difference): JsonObject => {
  const { collection, id, kind, replayed, serving, isLater } = difference
  return { kind, collection, id, later: isLater, replayed: sideJson(replayed), serving: sideJson(serving) }
}

/** The end of it for people. */
export const replayedText = (projection: string, replayed: Replayed): string => {
  switch (replayed.outcome) {
    case 'nothing':
      return `${projection}: there are no such events`
    case 'stopped': {
      const { position, type, stream, error } = replayed.stopped
      return `${projection}: stops at position ${position}, ${type} in ${stream}: ${error}`
    }
    case 'compared': {
      const { events, upTo, serving, compared, differences, later, unbuilt } = replayed
      return [
        `${projection}: ${events} events up to position ${upTo} replayed; ${projection}@${serving.version}.${serving.generation} serves up to ${serving.position}`,
        `${projection}: ${compared} documents compared, ${differences} differ`,
        ...(later === 0 ? [] : [`  ${later} of these were changed by events behind the replayed ones`]),
        ...(unbuilt === 0
          ? []
          : [`  ${unbuilt} more not compared: what they begin with is not among the events`]),
      ].join('\n')
    }
  }
}

export const replayedJson = (projection: string, replayed: Replayed): JsonObject => {
  const { outcome, events } = replayed
  switch (replayed.outcome) {
    case 'nothing':
      return { projection, outcome, events }
    case 'stopped':
      return {
        ...{ projection, outcome, events, ...replayed.stopped },
        position: String(replayed.stopped.position),
      }
    case 'compared': {
      const { upTo, serving, compared, differences, later, unbuilt } = replayed
      return {
        ...{ projection, outcome, events, upTo: String(upTo) },
        serving: { ...serving, position: String(serving.position) },
        ...{ compared, differences, later, notCompared: unbuilt },
      }
    }
  }
}

/** Dotted paths at which two documents differ; lists are compared as a whole. */
export const differingFields = (
  a: JsonObject,
  b: JsonObject,
  prefix = '',
): readonly { readonly path: string; readonly a: Json | undefined; readonly b: Json | undefined }[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
    const [left, right] = [ownValue(a, key), ownValue(b, key)]
    if (equalJson(left, right)) return []
    const path = `${prefix}${key}`
    return isObject(left) && isObject(right)
      ? differingFields(left, right, `${path}.`)
      : [{ path, a: left, b: right }]
  })

const valueLines = (replayed: Versioned | undefined, serving: Versioned | undefined): readonly string[] => {
  if (replayed === undefined || serving === undefined) return [`    ${cut((replayed ?? serving)?.value)}`]
  return differingFields(replayed.value, serving.value).map(
    ({ path, a, b }) => `    ${path}: replayed ${cut(a)}, serving ${cut(b)}`,
  )
}

const cut = (value: Json | undefined): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text
}

const VALUE_CHARACTERS_MAX = 200

const sideJson = (side: Versioned | undefined): Json =>
  side === undefined ? null : { at: String(side.at), value: side.value }

const ownValue = (data: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(data, key) ? data[key] : undefined
