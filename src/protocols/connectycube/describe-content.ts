import { ACTIONS, RECORD_ACTIONS } from '../../domain/cc/permissions.ts'
import { FIELD_TYPES } from '../../domain/cc/field-types.ts'
import {
  ANYTHING,
  each,
  either,
  FLAG,
  gives,
  givesText,
  ID,
  INTEGER,
  LIST,
  listOf,
  mapOf,
  NOTHING,
  object,
  oneOf,
  PAGES,
  STRING,
  TEXT,
  WHOLE,
  within,
  type About,
  type Abouts,
  type Takes,
} from './describe-kinds.ts'
import {
  ANY_OBJECT,
  BLOB,
  CLASS,
  COUNTED,
  FILE,
  ofClass,
  ONE_OR_SEVERAL,
  pageOf,
  RECORD,
  RULE,
} from './describe-shapes.ts'
import { RECORD_OPTIONS } from './record-filters.ts'
import { OPERATORS } from './record-input.ts'

/** Of a request; an answer has `users_ids` and `users_groups`. */
const RULES_OF = (actions: readonly string[]) =>
  within(each(actions, within({ access: TEXT, ids: LIST, groups: LIST }, ['access'])))

const FIELDS = 'Fields of the class by their names; what it does not have is left out.'
const CRITERIA = 'Conditions on fields of the class, as `GET` takes them.'
const WRITTEN: Takes = { _parent_id: TEXT, permissions: RULES_OF(RECORD_ACTIONS) }
const CHANGED: Takes = { ...WRITTEN, ...each([...OPERATORS.keys()], mapOf(ANYTHING)) }
const MANY: Takes = {
  record: either(mapOf(ANY_OBJECT), listOf(ANY_OBJECT)),
}
const IDS = object({ ids: listOf(STRING) })

const OPTIONS: Takes = {
  ...each(RECORD_OPTIONS, TEXT),
  ...each(['skip', 'limit'], INTEGER),
  count: FLAG,
  output: within({ include: LIST, exclude: LIST }),
}

const FILED: Takes = { field_name: TEXT }
const CONTENT = givesText('application/octet-stream', 'The content, in its own type')

const data: Abouts = {
  'POST /data/:class': {
    summary: 'Makes a record',
    ...{ takes: WRITTEN, others: FIELDS },
    gives: { '201': gives(RECORD) },
    refuses: [403, 404, 422],
  },
  'POST /data/:class/multi': {
    summary: 'Makes several, or none',
    ...{ takes: MANY, needs: ['record'] },
    gives: { '201': gives(ofClass(RECORD)) },
    refuses: [403, 404, 422],
  },
  'GET /data/:class': {
    summary: 'Records that the caller may read',
    ...{
      takes: OPTIONS,
      others: `${FIELDS} As \`field=value\` or \`field[operator]=value\` (connectycube 2.10), \`near\` and \`calc\` too.`,
    },
    gives: { '200': gives(either(ofClass(ANY_OBJECT), COUNTED)) },
    refuses: [404, 422],
  },
  'GET /data/:class/:ids': {
    summary: 'Records by their ids, or the rules of one',
    takes: { permissions: FLAG },
    gives: {
      '200': gives(
        either(ofClass(RECORD), object({ permissions: object(each(RECORD_ACTIONS, RULE)), record_id: ID })),
      ),
    },
    refuses: [403, 404],
  },
  'PUT /data/:class/:ids': {
    summary: 'Changes a record',
    ...{ takes: CHANGED, others: FIELDS },
    gives: { '200': gives(RECORD) },
    refuses: [403, 404, 422],
  },
  'PUT /data/:class/multi': {
    summary: 'Changes several',
    ...{ takes: MANY, needs: ['record'] },
    gives: { '200': gives(ofClass(RECORD, { not_found: IDS, not_permitted: IDS })) },
    refuses: [404, 422],
  },
  'PUT /data/:class/by_criteria': {
    summary: 'Changes those that fit and that the caller may change',
    takes: { search_criteria: ANY_OBJECT, ...CHANGED },
    ...{ needs: ['search_criteria'], others: FIELDS },
    gives: { '200': gives(ofClass(RECORD, { total_found: WHOLE })) },
    refuses: [404, 422],
  },
  'DELETE /data/:class/:ids': {
    summary: 'Deletes records, and those below them',
    gives: { '200': ONE_OR_SEVERAL },
    refuses: [403, 404],
  },
  'DELETE /data/:class/by_criteria': {
    summary: 'Deletes those that fit and that the caller may delete',
    others: CRITERIA,
    gives: { '200': gives(object({ total_deleted: WHOLE })) },
    refuses: [404, 422],
  },
  'POST /data/:class/:id/file': {
    summary: 'Sets a field of type File',
    takes: { ...FILED, file: { type: 'string', contentMediaType: 'application/octet-stream' } },
    ...{ needs: ['field_name', 'file'], body: 'multipart/form-data' },
    gives: { '200': gives(FILE) },
    refuses: [403, 404, 422],
  },
  'GET /data/:class/:id/file': {
    summary: 'The content of such a field',
    takes: FILED,
    gives: { '200': CONTENT },
    refuses: [403, 404],
  },
  'DELETE /data/:class/:id/file': {
    summary: 'Empties it',
    takes: FILED,
    gives: { '200': NOTHING },
    refuses: [403, 404, 422],
  },
  'POST /admin/data/classes': {
    summary: 'Defines a class, or adds to it and changes it',
    takes: {
      ...{ class_name: TEXT, fields: mapOf(oneOf(...FIELD_TYPES)), schemaless: FLAG },
      ...{ permissions: RULES_OF(ACTIONS), use_class_permissions: LIST },
    },
    needs: ['class_name'],
    gives: { '200': gives(CLASS, 'It was there'), '201': gives(CLASS, 'It is new') },
    refuses: [422],
  },
  'GET /admin/data/classes': {
    summary: 'All classes',
    gives: { '200': gives(object({ items: listOf(CLASS) })) },
  },
  'DELETE /admin/data/classes/:name': {
    summary: 'Removes a class and its records',
    gives: { '200': gives(object({})) },
    refuses: [404],
  },
}

const THE_BLOB = object({ blob: BLOB })
const written = (names: Takes): Takes => ({ blob: within(names), ...names })
const COMPLETE: About = {
  summary: 'What was uploaded is all',
  takes: { size: INTEGER, blob: within({ size: INTEGER }) },
  needs: ['size'],
  gives: { '200': NOTHING },
  refuses: [403, 404, 422],
}
const TO_CONTENT = { description: 'To the content', headers: { Location: STRING } }
const WITH_TOKEN: Takes = {
  token: { ...STRING, description: 'Instead of the header: for whoever only has a link.' },
}

const storage: Abouts = {
  'POST /blobs': {
    summary: 'Declares a file, and says where its content goes',
    takes: written({ content_type: TEXT, name: TEXT, public: FLAG }),
    gives: { '201': gives(THE_BLOB) },
    refuses: [422],
  },
  'GET /blobs': { summary: 'The caller’s files', takes: PAGES, gives: { '200': gives(pageOf(THE_BLOB)) } },
  'GET /blobs/:id': {
    summary: 'With `.json`, or by a number, what is known of the file; else the way to its content',
    description:
      'Without `.json` the content of a public file needs no token; all else needs that of a user.',
    takes: WITH_TOKEN,
    gives: { '200': gives(THE_BLOB), '301': TO_CONTENT },
    refuses: [403, 404],
  },
  'GET /blobs/:id/download': {
    summary: 'The way to its content',
    description: 'A public file needs no token, any other that of a user.',
    takes: WITH_TOKEN,
    gives: { '301': TO_CONTENT },
    refuses: [404],
  },
  'GET /blobs/:id/object': {
    summary: 'What is known of the file, and with `download_url` where its content is',
    takes: { download_url: FLAG },
    gives: {
      '200': gives(object({ blob: BLOB }, { blob_object_access: { type: 'object' } })),
    },
    refuses: [404],
  },
  'PUT /blobs/:id': {
    summary: 'Renames a file; `new` opens it for another upload',
    takes: written({ content_type: TEXT, name: TEXT, new: FLAG }),
    gives: { '200': gives(THE_BLOB) },
    refuses: [403, 404, 422],
  },
  'DELETE /blobs/:id': { summary: 'Deletes a file', gives: { '200': NOTHING }, refuses: [403, 404] },
  'PUT /blobs/:id/complete': COMPLETE,
  'POST /blobs/:id/complete': COMPLETE,
  'POST /storage/upload': {
    summary: 'Uploads a content as S3 takes it',
    description:
      'Its fields are the parameters of the address that `POST /blobs` gave, then the file: the signed policy alone decides.',
    takes: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
    ...{ needs: ['file'], others: 'The fields of the signed policy.', body: 'multipart/form-data' },
    gives: {
      '201': givesText('application/xml', 'It is there'),
      '400': givesText('application/xml', 'No form with a file, or too large'),
      '403': givesText('application/xml', 'The policy is wrong or expired'),
    },
  },
  'GET /storage/files/:uid': {
    summary: 'A content, or a range of it',
    takes: { expires: INTEGER, signature: TEXT },
    needs: ['expires', 'signature'],
    gives: {
      '200': CONTENT,
      '206': CONTENT,
      '304': { description: 'The client has it already', headers: { ETag: STRING } },
      '416': {
        ...gives(object({ errors: listOf(STRING) }), 'Nothing of it is in the range'),
        headers: { 'Content-Range': STRING },
      },
    },
    refuses: [403, 404],
  },
}

/** Custom data and files (connectycube 6, 7, 12.2). */
export const CONTENTS: Abouts = { ...data, ...storage }
