import { authorizer } from 'ws-interlock/guard'

export const auth = authorizer(({ query, allow, unauthorized }) =>
  query.get('token') === 'let-me-in' ? allow('ann', { level: 3 }) : unauthorized(),
)

export const handler = async (event: { readonly requestContext: { readonly authorizer?: object } }) => ({
  statusCode: 200,
  body: JSON.stringify(event.requestContext.authorizer),
})
