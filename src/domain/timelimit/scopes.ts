/** What has a version of its own (timelimit 1.8). */
export type Scope =
  | 'users'
  | 'devices'
  | 'u2f'
  | { readonly category: string; readonly part: CategoryPart }
  | { readonly device: string; readonly part: 'base' | 'diff' }

export type CategoryPart = 'base' | 'apps' | 'rules' | 'usedTime' | 'tasks'

export const base = (category: string): Scope => ({ category, part: 'base' })
export const apps = (category: string): Scope => ({ category, part: 'apps' })
export const rules = (category: string): Scope => ({ category, part: 'rules' })
export const usedTime = (category: string): Scope => ({ category, part: 'usedTime' })
export const tasks = (category: string): Scope => ({ category, part: 'tasks' })
