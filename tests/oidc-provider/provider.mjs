// A real OpenID Connect provider, `oidc-provider` from npm. Whoever types a login is that account; `unverified-…` has an
// e-mail address that nobody made sure of. Prints its port, and ends when its standard input does.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'

const { default: Provider } = await import(`${process.env.OIDC_PROVIDER}/node_modules/oidc-provider/lib/index.js`)

const key = (alg, type, options) => {
  const { privateKey } = generateKeyPairSync(type, options)
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `key-${alg}` }
}

const client = (alg) => ({
  client_id: `films-${alg}`,
  client_secret: 'a secret of the films/+ &%',
  redirect_uris: [`http://127.0.0.1:8080/api/v1/auth/oidc/${alg.toLowerCase()}/callback`],
  id_token_signed_response_alg: alg,
})

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: ['RS256', 'ES256', 'EdDSA'].map(client),
    jwks: {
      keys: [
        key('RS256', 'rsa', { modulusLength: 2048 }),
        key('ES256', 'ec', { namedCurve: 'P-256' }),
        key('EdDSA', 'ed25519'),
      ],
    },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['preferred_username', 'given_name', 'family_name'],
    },
    cookies: { keys: ['a key of tests'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: !id.startsWith('unverified-'),
        preferred_username: id,
        given_name: 'Ada',
        family_name: 'Lovelace',
      }),
    }),
    pkce: { required: () => true, methods: ['S256'] },
  })
  server.on('request', provider.callback())
  console.log(`listening ${port}`)
})

process.stdin.on('end', () => process.exit()).resume()
