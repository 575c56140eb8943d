// The memory adapter keeps every promise of the documents port: it runs the whole contract suite, each case on a store of its own.
import test from 'ava'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import { mountDocuments } from './documents.ts'

mountDocuments(test, () => Promise.resolve(memoryDocuments()))
