import { Server, status, type UntypedServiceImplementation } from '@grpc/grpc-js'
import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import gossip from '@eventstore/db-client/generated/gossip_pb.js'
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import features from '@eventstore/db-client/generated/serverfeatures_pb.js'
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js'
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js'
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js'
import { makeAppending } from './appending.ts'
import { batchAppend } from './batch-append.ts'
import type { Response } from './output.ts'
import { read } from './reads.ts'
import type { Served } from './served.ts'
import { unaryAppend } from './unary-append.ts'

export type ServiceOptions = {
  readonly host: string
  /** Known after it listens. */
  readonly port: () => number
}

/** A gRPC server that shows a history as EventStoreDB 23.10 does: streams, server features and gossip of a single node. */
export const makeService = (served: Served, place: ServiceOptions): Server => {
  const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX })
  const appending = makeAppending(served)
  server.addService(STREAMS, {
    read: read(served),
    append: unaryAppend(served, appending),
    batchAppend: batchAppend(served, appending),
    delete: unimplemented,
    tombstone: unimplemented,
  })
  server.addService(featuresGrpc.ServerFeaturesService, {
    getSupportedMethods: (_call: unknown, answer: (error: null, methods: SupportedMethods) => void) =>
      answer(null, supportedMethods()),
  })
  server.addService(gossipGrpc.GossipService, {
    read: (_call: unknown, answer: (error: null, cluster: ClusterInfo) => void) =>
      answer(null, singleNode(place)),
  })
  return server
}

const STREAMS = {
  ...streamsGrpc.StreamsService,
  read: {
    ...streamsGrpc.StreamsService.read,
    responseSerialize: (response: Response): Buffer =>
      Buffer.isBuffer(response) ? response : Buffer.from(response.serializeBinary()),
  },
}

const unimplemented: UntypedServiceImplementation[string] = (
  _call: unknown,
  answer: (error: object) => void,
) => answer({ code: status.UNIMPLEMENTED, details: 'streams are not deleted here' })

const supportedMethods = (): SupportedMethods => {
  const supported = new features.SupportedMethods()
  supported.setEventStoreServerVersion('23.10.6')
  for (const method of ['read', 'append', 'batchappend']) {
    const entry = new features.SupportedMethod()
    entry.setServiceName('event_store.client.streams.streams')
    entry.setMethodName(method)
    supported.addMethods(entry)
  }
  return supported
}

const singleNode = ({ host, port }: ServiceOptions): ClusterInfo => {
  const endpoint = new gossip.EndPoint()
  endpoint.setAddress(host)
  endpoint.setPort(port())
  const member = new gossip.MemberInfo()
  member.setState(gossip.MemberInfo.VNodeState.LEADER)
  member.setIsAlive(true)
  member.setHttpEndPoint(endpoint)
  member.setTimeStamp((BigInt(Date.now()) * 10_000n).toString())
  const cluster = new gossip.ClusterInfo()
  cluster.addMembers(member)
  return cluster
}

/** Of one request message, as on the server. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024
