import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, EventBridgeEvent } from 'aws-lambda'
import * as v from 'valibot'
import { Price, ticker } from './server.ts'

// Two more Lambda functions, which no peer can call. They say prices to whoever watches: the store knows who that is, and
// ws({ endpoint }) or AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI where they are reached.

/** For an EventBridge rule: { "source": ["exchange"], "detail-type": ["Price"] }. */
export const onEvent = async ({ detail }: EventBridgeEvent<'Price', unknown>): Promise<void> => {
  await quote(v.parse(Price, detail))
}

/** For the route `POST /prices` of an HTTP API. */
export const onRequest = async ({ body }: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const { success, output, issues } = v.safeParse(v.pipe(v.string(), v.parseJson(), Price), body)
  if (!success) return { statusCode: 400, body: issues[0].message }
  return { statusCode: 200, body: JSON.stringify(await quote(output)) }
}

/** Say a price to all who watch its symbol. Resolves with what became of it: `{ delivered, gone, … }`. */
const quote = async (price: v.InferOutput<typeof Price>) =>
  ticker.server.channel(price.symbol).broadcast('price', price)
