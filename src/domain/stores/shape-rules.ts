import { isObject, type Json, type JsonObject } from '../../json.ts'

/** A broken rule and its path. */
export type Broken = readonly [path: string, rule: string]

/** A geofence's shape (rightech 1.6): coordinates are `[latitude, longitude]` in degrees, radii metres. Unknown types pass unchecked. */
export const shapeRules = (shape: JsonObject, path: string): readonly Broken[] => {
  const type = shape['type']
  if (type === undefined || type === null || type === '') return [[`${path}.type`, 'required']]
  if (typeof type !== 'string') return [[`${path}.type`, 'type']]
  return Object.hasOwn(SHAPES, type) ? (SHAPES[type]?.(shape, path) ?? []) : []
}

type ShapeRules = (shape: JsonObject, path: string) => readonly Broken[]

const center: ShapeRules = (shape, path) => coordinateRules(shape['center'], `${path}.center`)

const circle: ShapeRules = (shape, path) => {
  const radius = shape['radius']
  const found = center(shape, path)
  if (radius === undefined || radius === null) return found
  if (typeof radius !== 'number') return [...found, [`${path}.radius`, 'type']]
  return radius > 0 ? found : [...found, [`${path}.radius`, 'range']]
}

const polygon: ShapeRules = (shape, path) => {
  const found = pointsRules(shape['points'], `${path}.points`, 3)
  const points: readonly Json[] = Array.isArray(shape['points']) ? shape['points'] : []
  const closed = points.length > 1 && JSON.stringify(points[0]) === JSON.stringify(points.at(-1))
  return closed ? [...found, [`${path}.points`, 'format']] : found
}

const rectangle: ShapeRules = (shape, path) => {
  const found = pointsRules(shape['points'], `${path}.points`, 2)
  const count = Array.isArray(shape['points']) ? shape['points'].length : 0
  if (count === 3) return [...found, [`${path}.points`, 'min']]
  return count > 4 ? [...found, [`${path}.points`, 'max']] : found
}

const route: ShapeRules = (shape, path) =>
  listRules(shape['trips'], `${path}.trips`, (trip, place) => [
    ...enumRules(trip['type'], `${place}.type`, ['direct', 'return']),
    ...pointsRules(trip['points'], `${place}.points`, 0),
    ...(trip['waypoints'] === undefined
      ? []
      : listRules(trip['waypoints'], `${place}.waypoints`, (waypoint, at) => [
          ...center(waypoint, at),
          ...nameRules(waypoint['name'], `${at}.name`),
        ])),
  ])

const SHAPES: { readonly [type: string]: ShapeRules } = {
  marker: center,
  circle,
  polyline: (shape, path) => pointsRules(shape['points'], `${path}.points`, 2),
  polygon,
  rectangle,
  route,
}

const isMissing = (value: Json | undefined): boolean => value === undefined || value === null || value === ''

const coordinateRules = (value: Json | undefined, path: string): readonly Broken[] => {
  if (isMissing(value)) return [[path, 'required']]
  const pair: readonly Json[] = Array.isArray(value) ? value : []
  const [latitude, longitude] = pair
  if (pair.length !== 2) return [[path, 'type']]
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return [[path, 'type']]
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? [] : [[path, 'range']]
}

const pointsRules = (value: Json | undefined, path: string, least: number): readonly Broken[] => {
  if (isMissing(value)) return [[path, 'required']]
  if (!Array.isArray(value)) return [[path, 'type']]
  const few: readonly Broken[] = value.length < least ? [[path, 'min']] : []
  return [
    ...few,
    ...value.flatMap((point: Json) =>
      coordinateRules(point, path).map(([at, rule]): Broken => [at, rule === 'required' ? 'type' : rule]),
    ),
  ]
}

const enumRules = (value: Json | undefined, path: string, known: readonly string[]): readonly Broken[] => {
  if (isMissing(value)) return [[path, 'required']]
  return typeof value === 'string' && known.includes(value) ? [] : [[path, 'enum']]
}

const nameRules = (value: Json | undefined, path: string): readonly Broken[] =>
  isMissing(value) || typeof value === 'string' ? [] : [[path, 'type']]

const listRules = (
  value: Json | undefined,
  path: string,
  item: (item: JsonObject, path: string) => readonly Broken[],
): readonly Broken[] => {
  if (isMissing(value)) return [[path, 'required']]
  if (!Array.isArray(value)) return [[path, 'type']]
  return value.flatMap((each: Json, index): readonly Broken[] =>
    isObject(each) ? item(each, `${path}.${index}`) : [[`${path}.${index}`, 'type']],
  )
}
