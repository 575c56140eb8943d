import { Server, status, type UntypedServiceImplementation } from '@grpc/grpc-js'
import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import gossip from '@eventstore/db-client/generated/gossip_pb.js'
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import features from '@eventstore/db-client/generated/serverfeatures_pb.js'
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js'
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js'
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js'
import {
  SERVED_CALLS_MAX,
  SERVED_MESSAGE_BYTES_MAX,
  SERVED_PING_MS,
  SERVED_PONG_MS_MAX,
} from '../../limits.ts'
import { makeAppending } from './appending.ts'
import { makeArrivals } from './arrivals.ts'
import { batchAppend } from './batch-append.ts'
import { makeGuard } from './guard.ts'
import type { Response } from './output.ts'
import { read } from './reads.ts'
import { appendRequest, batchAppendRequest, ofNothing, readRequest } from './requests.ts'
import type { Served } from './served.ts'
import { unaryAppend } from './unary-append.ts'

/** A gRPC server that shows a history as EventStoreDB 23.10 does: streams, server features and gossip of a single node. */
export const makeService = (served: Served, token?: string): Server => {
  const server = new Server({
    'grpc.max_receive_message_length': SERVED_MESSAGE_BYTES_MAX,
    'grpc.max_concurrent_streams': SERVED_CALLS_MAX,
    'grpc.keepalive_time_ms': SERVED_PING_MS,
    'grpc.keepalive_timeout_ms': SERVED_PONG_MS_MAX,
    interceptors: [makeGuard(token)],
  })
  const arrived = makeArrivals()
  const appending = makeAppending(served)
  server.addService(STREAMS, {
    read: read(served),
    append: unaryAppend(served, appending, arrived),
    batchAppend: batchAppend(served, appending, arrived),
    delete: unimplemented,
    tombstone: unimplemented,
  })
  server.addService(FEATURES, {
    getSupportedMethods: (_call: unknown, answer: (error: null, methods: SupportedMethods) => void) =>
      answer(null, supportedMethods()),
  })
  server.addService(GOSSIP, {
    read: (call: { readonly getHost: () => string }, answer: (error: null, cluster: ClusterInfo) => void) =>
      answer(null, singleNode(call.getHost())),
  })
  return server
}

const STREAMS = {
  ...streamsGrpc.StreamsService,
  read: {
    ...streamsGrpc.StreamsService.read,
    requestDeserialize: readRequest,
    responseSerialize: (response: Response): Buffer =>
      Buffer.isBuffer(response) ? response : Buffer.from(response.serializeBinary()),
  },
  append: { ...streamsGrpc.StreamsService.append, requestDeserialize: appendRequest },
  batchAppend: { ...streamsGrpc.StreamsService.batchAppend, requestDeserialize: batchAppendRequest },
  delete: { ...streamsGrpc.StreamsService.delete, requestDeserialize: ofNothing },
  tombstone: { ...streamsGrpc.StreamsService.tombstone, requestDeserialize: ofNothing },
}
const FEATURES = {
  getSupportedMethods: {
    ...featuresGrpc.ServerFeaturesService.getSupportedMethods,
    requestDeserialize: ofNothing,
  },
}
const GOSSIP = { read: { ...gossipGrpc.GossipService.read, requestDeserialize: ofNothing } }

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

/** The address is the one that the client used: it is the only one of which it is known that it leads here, through a tunnel too. */
const singleNode = (authority: string): ClusterInfo => {
  const { hostname, port } = new URL(`http://${authority}`)
  const endpoint = new gossip.EndPoint()
  endpoint.setAddress(hostname.replaceAll(/[[\]]/g, ''))
  endpoint.setPort(port === '' ? HTTP_PORT : Number(port))
  const member = new gossip.MemberInfo()
  member.setState(gossip.MemberInfo.VNodeState.LEADER)
  member.setIsAlive(true)
  member.setHttpEndPoint(endpoint)
  member.setTimeStamp((BigInt(Date.now()) * 10_000n).toString())
  const cluster = new gossip.ClusterInfo()
  cluster.addMembers(member)
  return cluster
}

/** What an address without a port means. */
const HTTP_PORT = 80
