/** Why a run ended. */
export type Stop =
  /** The budget is used up, or `endSlice` was called. */
  | { readonly kind: 'budget' }
  /** Waiting in HLT for an interrupt. */
  | { readonly kind: 'halt' }
  | { readonly kind: 'shutdown'; readonly cause: 'triple-fault' | 'power' }
  /** Bytes that are no instruction of this CPU, where `unknownOpcodes` is 'stop'. RIP points at them. */
  | { readonly kind: 'unsupported'; readonly rip: bigint; readonly bytes: Uint8Array };
