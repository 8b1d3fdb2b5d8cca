/** Why a run ended. */
export type Stop =
  /** The budget is used up, or `endSlice` was called. */
  | { readonly kind: 'budget' }
  /** Waiting in HLT for an interrupt. */
  | { readonly kind: 'halt' }
  | { readonly kind: 'shutdown'; readonly cause: 'triple-fault' | 'power' }
  | { readonly kind: 'breakpoint'; readonly rip: bigint }
  /** An instruction that the CPU should have and has not. RIP points at it. */
  | { readonly kind: 'unsupported'; readonly rip: bigint; readonly bytes: Uint8Array };
