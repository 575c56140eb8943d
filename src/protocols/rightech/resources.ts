import { decodeSegment } from '../../http/target.ts'
import type { StoreRoute } from './directory.ts'
import type { Call } from './reads.ts'

/** A path below `/api/v1/` beside the five operations of each store (rightech 1.6, 3). */
export type Resource = {
  /** HEAD is GET without the body. */
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Segments; `:name` stands for any one, which is handed on decoded. */
  readonly path: string
  readonly serve: (call: ResourceCall, parameters: Parameters) => Promise<void>
}

export type ResourceCall = Omit<Call, 'route'> & {
  /** Of a store of the registry. Throws for another. */
  readonly routeOf: (store: string) => StoreRoute
}
/** The same about the object that the path names. */
export const objectCall = ({ routeOf, ...visit }: ResourceCall): Call => ({
  ...visit,
  route: routeOf('objects'),
})

export type Parameters = { readonly [name: string]: string }

export type FoundResource = { readonly resource: Resource; readonly parameters: Parameters }

/** Finds the resource of a method and a path; a fixed segment wins over a parameter (rightech 1.6). */
export const createResources = (
  resources: readonly Resource[],
): ((method: string, path: string) => FoundResource | undefined) => {
  const byShape = new Map<string, Resource[]>()
  for (const resource of sortedByFixed(resources)) {
    const key = shapeOf(resource.method, segmentsOf(resource.path).length)
    byShape.set(key, [...(byShape.get(key) ?? []), resource])
  }
  return (method, path) => {
    const segments = segmentsOf(path)
    const candidates = byShape.get(shapeOf(method === 'HEAD' ? 'GET' : method, segments.length)) ?? []
    for (const resource of candidates) {
      const parameters = parametersOf(segmentsOf(resource.path), segments)
      if (parameters !== undefined) return { resource, parameters }
    }
    return undefined
  }
}

const segmentsOf = (path: string): readonly string[] => path.split('/')
const shapeOf = (method: string, segments: number): string => `${method} ${segments}`
const isParameter = (segment: string): boolean => segment.startsWith(':')

const sortedByFixed = (resources: readonly Resource[]): readonly Resource[] => {
  const shape = ({ path }: Resource): string =>
    segmentsOf(path)
      .map((segment) => (isParameter(segment) ? '1' : '0'))
      .join('')
  return [...resources].sort((a, b) => shape(a).localeCompare(shape(b)))
}

/** Undefined: another path, or one that cannot be decoded. */
const parametersOf = (pattern: readonly string[], segments: readonly string[]): Parameters | undefined => {
  const found: { [name: string]: string } = {}
  for (const [index, wanted] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (!isParameter(wanted)) {
      if (wanted !== segment) return undefined
      continue
    }
    const value = decodeSegment(segment)
    if (value === undefined || value === '') return undefined
    found[wanted.slice(1)] = value
  }
  return found
}
