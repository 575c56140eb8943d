/** A TLS server that hands what it reads to a port that speaks plain HTTP/2: the proxy that an operator puts in front of one. */
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { createServer } from 'node:tls'

export type TlsProxy = { readonly port: number; readonly close: () => void }

/** With the certificate of `TLS_CERTIFICATE`, for `localhost`. */
export const startTlsProxy = async (targetPort: number): Promise<TlsProxy> => {
  const server = createServer({ key: KEY, cert: TLS_CERTIFICATE, ALPNProtocols: ['h2'] }, (socket) => {
    const target = connect(targetPort, '127.0.0.1')
    socket.on('error', () => target.destroy())
    target.on('error', () => socket.destroy())
    socket.pipe(target).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() }
}

/** Made for these tests and good for nothing else. */
export const TLS_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUQWQuLIpqRHzJI4eM+ixjSnbNuJMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzAyMzQyOVoYDzIxMjYxMDMw
MDIzNDI5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATs9WS6DkH0iiUjgES+5EKxb23Abg4ILWr/jZKFKWvPllU/aw/wWqqp
O1/K0SZ1r1Ac6O6B3M7XOhbDSoaKqWuHo28wbTAdBgNVHQ4EFgQUh9BlgazQ4cNz
OPI93WX9APMk8WMwHwYDVR0jBBgwFoAUh9BlgazQ4cNzOPI93WX9APMk8WMwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAOlFEv39n9VlDzvCxKCenoxneMd0ZurRFV8LgidMVgaYAiBH
Xn9PMvG9dnkbh9+c1JEPpvT2UnBupC17r3p9xegFiA==
-----END CERTIFICATE-----
`
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQge0bruUk27NqeZ0sj
N+qnRZqrJQe35UZscP2ZRKwFrOChRANCAATs9WS6DkH0iiUjgES+5EKxb23Abg4I
LWr/jZKFKWvPllU/aw/wWqqpO1/K0SZ1r1Ac6O6B3M7XOhbDSoaKqWuH
-----END PRIVATE KEY-----
`
