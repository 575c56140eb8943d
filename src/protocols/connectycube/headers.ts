/** What browsers need to read an answer: every one has it (connectycube 2.3). */
export const CORS = { 'Access-Control-Allow-Origin': '*' } as const

/** What OPTIONS tells on any path. */
export const PREFLIGHT = {
  ...CORS,
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'CB-Token, CB-SDK, CB-AuthKey, Content-Type',
} as const
