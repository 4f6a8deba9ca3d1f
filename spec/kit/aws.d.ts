// The slices of two clients of the AWS SDK that the README's recipes use. They are as large as all else that is installed.
declare module '@aws-sdk/client-lambda' {
  export class LambdaClient {
    send(command: InvokeCommand): Promise<{ readonly StatusCode?: number }>
  }
  export class InvokeCommand {
    constructor(input: {
      readonly FunctionName: string
      readonly InvocationType: 'Event' | 'RequestResponse' | 'DryRun'
      readonly Payload: string | Uint8Array
    })
  }
}

declare module '@aws-sdk/client-sfn' {
  export class SFNClient {
    send(command: StartExecutionCommand): Promise<{ readonly executionArn?: string }>
  }
  export class StartExecutionCommand {
    constructor(input: { readonly stateMachineArn: string; readonly name?: string; readonly input: string })
  }
}
