import type { Operation, Send } from './dynamodb-send.ts'

/** What is called of a `DynamoDBClient` of the AWS SDK v3. */
export interface DynamodbClient {
  readonly send: (command: never) => Promise<unknown>
}

/** Send to DynamoDB through a client of the AWS SDK, which is loaded for its commands at the first request. */
export const sdkSend = (client: DynamodbClient): Send => {
  let commands: Promise<Commands> | undefined
  return async (operation, input) => {
    commands ??= loadCommands()
    const { [operation]: Command } = await commands
    // Casts, because the inputs are built for all operations alike, and the client takes commands of its own package.
    return client.send(new Command(input as never) as never)
  }
}

type Commands = Readonly<Record<Operation, new (input: never) => unknown>>

const loadCommands = async (): Promise<Commands> => {
  try {
    // In the `try`, and by a literal name: bundlers then find the package where it is, and only warn where it is not.
    const sdk = await import('@aws-sdk/client-dynamodb')
    return {
      GetItem: sdk.GetItemCommand,
      PutItem: sdk.PutItemCommand,
      DeleteItem: sdk.DeleteItemCommand,
      Query: sdk.QueryCommand,
      TransactWriteItems: sdk.TransactWriteItemsCommand,
    }
  } catch (cause) {
    throw new Error(
      'dynamodb({ client }) needs the package of the client: npm install @aws-sdk/client-dynamodb. Without `client` no package is needed.',
      { cause },
    )
  }
}
