// Checks an access token as resource servers do: offline with oauth4webapi, by introspection with both libraries, and ends
// its session with openid-client. Prints what each of them said.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const from = createRequire(`${process.env.OAUTH_LIBRARIES}/`)
const load = (name) => import(pathToFileURL(from.resolve(name)))
const [oauth, client] = [await load('oauth4webapi'), await load('openid-client')]

const { ISSUER, AUDIENCE, CLIENT_ID, CLIENT_SECRET, TOKEN } = process.env
const issuer = new URL(ISSUER)
const insecure = { [oauth.allowInsecureRequests]: true }

const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
const server = await oauth.processDiscoveryResponse(issuer, discovered)
const request = new Request('https://films.example/', { headers: { authorization: `Bearer ${TOKEN}` } })
const offline = await oauth.validateJwtAccessToken(server, request, AUDIENCE, insecure)

const introspect = async (secret) => {
  const self = { client_id: CLIENT_ID }
  const basic = oauth.ClientSecretBasic(secret)
  const response = await oauth.introspectionRequest(server, self, basic, TOKEN, insecure)
  return oauth.processIntrospectionResponse(server, self, response)
}
const active = await introspect(CLIENT_SECRET)
const refused = await introspect('wrong').catch((error) => error.code)

const config = await client.discovery(issuer, CLIENT_ID, undefined, client.ClientSecretBasic(CLIENT_SECRET), {
  algorithm: 'oauth2',
  execute: [client.allowInsecureRequests],
})
const before = await client.tokenIntrospection(config, TOKEN)
await client.tokenRevocation(config, TOKEN)
const after = await client.tokenIntrospection(config, TOKEN)

console.log(JSON.stringify({ offline, active, refused, before, after }))
